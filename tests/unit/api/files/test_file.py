import json

from openai.types import FileObject

from api.files.file import File, document, new_id

FILE = File(new_id(), "acme", "in.jsonl", "batch", 12, 1000.5, 2000.5, "convene:files:content:1")


def test_openais_client_reads_what_is_told_and_nobody_is_told_where_it_is_kept():
    told = document(FILE)
    read = FileObject.model_validate(told, strict=True)
    assert (read.id, read.bytes, read.filename) == (FILE.id, 12, "in.jsonl")
    assert "acme" not in json.dumps(told)
    assert FILE.content not in json.dumps(told)


def test_a_file_is_read_as_it_was_kept_and_no_two_have_one_id():
    assert File.unpacked(json.loads(json.dumps(FILE.packed()))) == FILE
    assert len({new_id() for _ in range(100)}) == 100
