"""Asks a running `convene serve` with the official OpenAI client, first whole, then streamed."""

import sys

from openai import OpenAI


def main(base_url: str = "http://127.0.0.1:8000/v1") -> None:
    client = OpenAI(base_url=base_url, api_key="unused on loopback")
    question = [{"role": "user", "content": "What is the total of 38 and 47?"}]

    whole = client.chat.completions.create(model="convene/auto", messages=question)
    print(whole.choices[0].message.content)
    print("asked:", [reply["expert"] for reply in whole.model_extra["convene"]["replies"]])

    for chunk in client.chat.completions.create(
        model="convene/auto", messages=question, stream=True
    ):
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
