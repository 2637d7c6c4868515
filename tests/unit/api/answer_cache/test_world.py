"""What an answer depends on beside its request."""

from api.answer_cache.world import world
from api.settings import load_settings

FILE = """
experts:
  ada: {kind: recorded, file: replies.jsonl}
  ben: {kind: scripted, default: "yes"}
routing: {profile: replies.jsonl}
"""


def test_another_setting_or_another_file_is_another_world(tmp_path):
    path, replies = tmp_path / "convene.yaml", tmp_path / "replies.jsonl"
    found = []
    for text, told in ((FILE, "{}"), (FILE, "{} "), (FILE.replace("yes", "no"), "{}")):
        path.write_text(text)
        replies.write_text(told)
        found.append(world(load_settings(path)))
        assert world(load_settings(path)) == found[-1]
    assert len(set(found)) == 3
