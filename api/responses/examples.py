"""What the published description of this API shows of its bodies and documents."""

from typing import Any

ASKED: dict[str, Any] = {
    "model": "convene/auto",
    "input": "What is two and two?",
    "instructions": "Be brief.",
    "convene": {"size": 3},
}
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather there now.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": None,
}
CALL = {
    "type": "function_call",
    "call_id": "call_5d21",
    "name": "weather",
    "arguments": '{"city": "Paris"}',
}
OFFERED: dict[str, Any] = {
    "model": "convene/auto",
    "input": [
        {"role": "user", "content": "What is it like in Paris?"},
        CALL,
        {"type": "function_call_output", "call_id": "call_5d21", "output": "19 degrees"},
    ],
    "tools": [WEATHER],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
}
MESSAGE = {
    "id": "msg_0f5b",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "4", "annotations": [], "logprobs": []}],
}
TOLD: dict[str, Any] = {
    "id": "resp_9c1e",
    "object": "response",
    "created_at": 1800000000,
    "completed_at": 1800000001,
    "status": "completed",
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": "Be brief.",
    "max_output_tokens": None,
    "metadata": {},
    "model": "convene/auto",
    "output": [MESSAGE],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "store": True,
    "temperature": 0.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "usage": {
        "input_tokens": 24,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 26,
        "experts": {
            "pedant": {"input_tokens": 12, "output_tokens": 1, "total_tokens": 13},
            "poet": {"input_tokens": 12, "output_tokens": 1, "total_tokens": 13},
        },
    },
    "convene": {"policy": "auto", "panel": ["pedant", "poet"], "answer": "4", "confidence": 0.97},
}
STREAMED = 'event: response.created\ndata: {"type": "response.created", "sequence_number": 0}\n\n'
LISTED = {
    "object": "list",
    "data": [
        {
            "id": "msg_4a77",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "What is two and two?"}],
        }
    ],
    "first_id": "msg_4a77",
    "last_id": "msg_4a77",
    "has_more": False,
}
FORGOTTEN = {"id": "resp_9c1e", "object": "response", "deleted": True}
