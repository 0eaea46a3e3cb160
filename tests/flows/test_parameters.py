"""Parameters of flows are typed configs: in the form, in Prefect's checks, and in the flow."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.exceptions import ParameterTypeError, PrefectHTTPStatusError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate

from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import ConfigError, load_config
from joppo.flows.parameters import folder_of
from joppo.flows.train_sft import train_sft
from joppo.training.config import SftConfig

DEPLOYMENTS = {
    d["name"]: d for d in yaml.safe_load(Path("prefect.yaml").read_text())["deployments"]
}
CONFIGURED = [name for name, one in DEPLOYMENTS.items() if "config" in one["parameters"]]
CONFIG = "configs/embedded/train-sft.yaml"
WRONG = "Additional properties are not allowed ('stepz' was unexpected)"


def schema_of(flow: Flow[..., Any]) -> dict[str, Any]:
    return parameter_schema(flow).model_dump_for_openapi()


def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Fields of the config's form; the other alternative is a path."""
    config = schema["properties"]["config"]
    values, path = config["anyOf"]
    assert path == {"type": "string", "title": "path of a YAML file"}
    assert "folder of its file" in config["description"]
    fields: dict[str, Any] = schema["definitions"][values["$ref"].split("/")[-1]]["properties"]
    return fields


@pytest.mark.parametrize("name", CONFIGURED)
def test_every_deployment_has_a_form_of_typed_fields(name: str) -> None:
    deployment = DEPLOYMENTS[name]
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    schema = schema_of(flow)
    typed = {"type", "anyOf", "allOf", "$ref", "enum", "const"}
    assert [key for key, field in fields_of(schema).items() if typed.isdisjoint(field)] == []
    validate(deployment["parameters"], schema, raise_on_error=True)
    # A form sends all values that it shows, the defaults among them.
    path = deployment["parameters"]["config"]
    read = flow.validate_parameters({"config": yaml.safe_load(Path(path).read_text())})["config"]
    validate({"config": read.as_dict()}, schema, raise_on_error=True)
    assert flow.validate_parameters({"config": read.as_dict()})["config"] == read
    assert load_config(type(read), path) == read


def test_a_rehearsal_has_a_form_of_its_options() -> None:
    schema = schema_of(load_flow_from_entrypoint(DEPLOYMENTS["rehearse"]["entrypoint"]))
    validate(DEPLOYMENTS["rehearse"]["parameters"], schema, raise_on_error=True)
    with pytest.raises(ValidationError):
        validate({"photos": 3}, schema, raise_on_error=True)
    fields = schema["properties"]
    assert {"profile", "photos", "tiny", "offline", "datasets"} <= fields.keys()
    assert [name for name, field in fields.items() if not field.get("description")] == []


@pytest.mark.parametrize("name", CONFIGURED)
def test_every_field_is_described(name: str) -> None:
    schema = schema_of(load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"]))
    fields = {
        f"{section}.{key}": field
        for section, definition in schema["definitions"].items()
        for key, field in definition.get("properties", {}).items()
    }
    assert len(fields) > 20
    assert [key for key, field in fields.items() if not field.get("description")] == []


def test_descriptions_are_those_in_the_code() -> None:
    fields = fields_of(schema_of(train_sft))
    assert fields["snapshot"]["description"] == "version of the corpus; None takes the latest"
    assert fields["max_pixels"]["anyOf"][0] == {"type": "integer", "minimum": 784}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Configs that the flow would train."""
    configs: list[dict[str, Any]] = []

    def train(stage: str, config: dict[str, Any], store: str) -> str:
        configs.append(config)
        return "model"

    monkeypatch.setattr("joppo.flows.train_sft.train", train)
    return configs


@pytest.mark.usefixtures("prefect_backend")
def test_values_a_model_and_a_path_give_the_same_config(
    trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    values = yaml.safe_load(Path(CONFIG).read_text())
    given = [CONFIG, values, SftConfig.model_validate(values)]
    for config in given:
        train_sft(config, str(tmp_path), {"launch": {"threads": 3}})
    assert trained[0]["launch"]["threads"] == 3
    assert trained == [trained[0]] * 3


@pytest.mark.usefixtures("prefect_backend")
def test_a_wrong_field_is_refused_by_the_flow(trained: list[dict[str, Any]]) -> None:
    with pytest.raises(ParameterTypeError, match=r"config\.values\.stepz: Extra inputs are not"):
        train_sft({"stepz": 3})
    with pytest.raises(ConfigError, match="overrides: stepz: Extra inputs are not"):
        train_sft(SftConfig(), overrides={"stepz": 3})
    assert trained == []


@pytest.mark.usefixtures("prefect_backend")
def test_a_wrong_field_is_refused_by_the_server() -> None:
    """What is registered is what a run is checked against, before any worker sees it."""
    number = train_sft.to_deployment("train-sft", parameters={"config": CONFIG}).apply()
    with get_client(sync_client=True) as client:
        registered = client.read_deployment(number).parameter_openapi_schema
        assert "description" in fields_of(dict(registered or {}))["snapshot"]
        for config, message in (
            ({"stepz": 3}, WRONG),
            ({"launch": {"processes": "two"}}, "'two' is not of type 'integer'"),
        ):
            with pytest.raises(PrefectHTTPStatusError) as refused:
                client.create_flow_run_from_deployment(number, parameters={"config": config})
            assert message in refused.value.response.json()["detail"]
        for right in (CONFIG, {"max_steps": 2}):
            run = client.create_flow_run_from_deployment(number, parameters={"config": right})
            assert run.parameters["config"] == right


def test_an_override_may_choose_another_kind_of_a_section() -> None:
    """What a config leaves at its defaults is not merged into the new section."""
    config = BuildSftDataConfig.model_validate({"scenes": {"per_category": 1}})
    changed = load_config(BuildSftDataConfig, config, {"shard_size": 7})
    assert changed.shard_size == 7 and changed.scenes == config.scenes
    assert changed.model_fields_set == {"scenes", "shard_size"}


def test_relative_paths_start_from_the_file_or_the_working_directory() -> None:
    assert folder_of("configs/x.yaml") == Path("configs")
    assert folder_of(SftConfig()) == Path()


def test_a_path_that_is_a_number_is_no_config() -> None:
    with pytest.raises(ValidationError, match="field 'config'"):
        validate({"config": 3}, schema_of(train_sft), raise_on_error=True)
