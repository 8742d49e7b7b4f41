"""Behaviours of a loopback provider that turns texts into vectors, in each provider's own format."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

from tests.support.exchange import Behaviour, Exchange


def vector_of(text: str) -> list[float]:
    """What the doubles answer for a text: its length and its first letter, exact in 32 bits."""
    return [float(len(text)), ord(text[0]) / 2, -0.25]


def openai_embeddings(*, mixed: bool = False) -> Behaviour:
    """OpenAI's and Azure's; base64 where it is asked for; `mixed` answers in another order."""

    async def behave(exchange: Exchange) -> None:
        asked = exchange.request.json
        items: list[dict[str, object]] = []
        for index, text in enumerate(asked["input"]):
            vector: object = vector_of(text)
            if asked.get("encoding_format") == "base64":
                vector = base64.b64encode(struct.pack("<3f", *vector_of(text))).decode()
            items.append({"object": "embedding", "index": index, "embedding": vector})
        if mixed:
            items.reverse()
        count = sum(len(text) for text in asked["input"])
        usage = {"prompt_tokens": count, "total_tokens": count}
        await exchange.reply(200, {"object": "list", "data": items, "model": asked["model"], "usage": usage})

    return behave


def titan_embeddings() -> Behaviour:
    """Bedrock's InvokeModel of an Amazon Titan model: one text a request."""

    async def behave(exchange: Exchange) -> None:
        text = exchange.request.json["inputText"]
        vector = vector_of(text)
        body = {"embedding": vector, "embeddingsByType": {"float": vector}, "inputTextTokenCount": len(text)}
        await exchange.reply(200, body, {"x-amzn-bedrock-input-token-count": str(len(text))})

    return behave


def cohere_embeddings() -> Behaviour:
    """Bedrock's InvokeModel of a Cohere model: many texts a request, the count in a header."""

    async def behave(exchange: Exchange) -> None:
        texts: Sequence[str] = exchange.request.json["texts"]
        body = {
            "id": "e", "response_type": "embeddings_floats", "texts": texts,
            "embeddings": [vector_of(text) for text in texts],
        }  # fmt: skip
        count = sum(len(text) for text in texts)
        await exchange.reply(200, body, {"x-amzn-bedrock-input-token-count": str(count)})

    return behave


def vectors(*items: object) -> Behaviour:
    """Whatever vectors, in OpenAI's format."""

    async def behave(exchange: Exchange) -> None:
        data = [{"object": "embedding", "index": index, "embedding": item} for index, item in enumerate(items)]
        await exchange.reply(200, {"object": "list", "data": data, "model": "m", "usage": {}})

    return behave
