"""Commands for a finished model folder.

python -m joppo.training.models merge FOLDER OUT       the whole model, adapter merged into it
python -m joppo.training.models push FOLDER ORG/NAME   to the hub; the token is $HF_TOKEN
"""

import argparse
from pathlib import Path

from joppo.training.models.hub import push
from joppo.training.models.model_folder import merge


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m joppo.training.models")
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("merge", help="write the model with the adapter merged into it")
    whole.add_argument("folder", type=Path)
    whole.add_argument("out", type=Path)
    hub = commands.add_parser("push", help="push a model folder to the hub; the token is $HF_TOKEN")
    hub.add_argument("folder", type=Path)
    hub.add_argument("repo", help="ORG/NAME")
    hub.add_argument("--public", action="store_true", help="let everyone see a new repository")
    args = parser.parse_args()
    if args.command == "merge":
        merge(args.folder, args.out)
    else:
        print(push(args.folder, args.repo, private=not args.public))


if __name__ == "__main__":
    main()
