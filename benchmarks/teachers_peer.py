"""The peer of `teachers.py`: what one would write by hand with asyncio and the openai client.

Semaphore, six tries, Retry-After honoured; no journal, no budget, no limits, no repair, photos sent
as they are. `python benchmarks/teachers_peer.py PORT COUNT` prints the wall time in seconds.
"""

import asyncio
import base64
import json
import sys
import time

import openai
from teachers import CONCURRENCY, TIMEOUT_S, photo


async def ask(client: openai.AsyncOpenAI, slots: asyncio.Semaphore, n: int, url: str) -> bool:
    rule = "Describe how the lines and the light lead the eye, then decide. " * 20
    content = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": f"item-{n:06d}: {rule}"},
    ]
    for attempt in range(6):
        async with slots:
            try:
                answer = await client.chat.completions.create(
                    model="gpt-4o",
                    messages=[{"role": "user", "content": content}],
                    max_tokens=1024,
                )
                if "<answer>" in answer.choices[0].message.content:
                    return True
                continue
            except openai.RateLimitError as error:
                wait = float(error.response.headers["retry-after"])
            except (openai.APIError, json.JSONDecodeError):
                wait = 0.1 * 2**attempt
        await asyncio.sleep(wait)
    return False


async def main(port: int, count: int) -> dict[str, float]:
    client = openai.AsyncOpenAI(
        api_key="sk-bench",
        base_url=f"http://127.0.0.1:{port}/v1",
        max_retries=0,
        timeout=TIMEOUT_S,
    )
    urls = ["data:image/jpeg;base64," + base64.b64encode(photo(n)).decode() for n in range(50)]
    slots = asyncio.Semaphore(CONCURRENCY)
    cpu, start = time.process_time(), time.perf_counter()
    good = await asyncio.gather(*(ask(client, slots, n, urls[n % 50]) for n in range(count)))
    wall = time.perf_counter() - start
    return {"wall_s": wall, "client_cpu_s": time.process_time() - cpu, "rows": sum(good)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))))
