from stratify.tracking import open_store
from stratify.tracking.items import make_items, write_items


class Counting:
    """A client that notes what is asked of it."""

    def __init__(self, client):
        self.client, self.batches, self.asked = client, [], []

    def __getattr__(self, name):
        self.asked.append(name)
        return getattr(self.client, name)

    def log_batch(self, run_id, **batch):
        self.batches.append(batch)
        return self.client.log_batch(run_id, **batch)


def begin(folder):
    client = open_store(folder).client
    return Counting(client), client.create_run(client.create_experiment("written")).info


def test_few_words_and_numbers_are_one_request(tmp_path):
    client, run = begin(tmp_path)
    items = make_items(params={"a": 1}, tags={"b": "c"}, metrics={"auc": 0.7}, key=b"secret")
    write_items(client, run.run_id, items)
    assert len(client.batches) == 1
    data = client.client.get_run(run.run_id).data
    assert (data.params["a"], data.tags["b"], data.metrics["auc"]) == ("1", "c", 0.7)


def test_many_are_parted_as_a_server_allows_and_none_is_lost(tmp_path):
    client, run = begin(tmp_path)
    params = {f"p{k}": k for k in range(230)}
    tags = {f"t{k}": k for k in range(130)}
    metrics = {f"m{k}": float(k) for k in range(1950)}
    write_items(
        client, run.run_id, make_items(params=params, tags=tags, metrics=metrics, key=b"secret")
    )
    for batch in client.batches:
        assert max(len(batch["params"]), len(batch["tags"])) <= 100
        assert sum(map(len, batch.values())) <= 1000
    assert len(client.batches) == 3
    data = client.client.get_run(run.run_id).data
    assert data.params == {name: str(value) for name, value in params.items()}
    assert data.metrics == metrics
    assert {name: data.tags[name] for name in tags} == {name: str(k) for name, k in tags.items()}


def test_nothing_to_write_asks_nothing(tmp_path):
    client, run = begin(tmp_path)
    write_items(client, run.run_id, [])
    assert client.batches == []
    assert client.asked == []


def test_files_of_a_run_just_made_are_written_without_asking_where(tmp_path):
    client, run = begin(tmp_path)
    for home, asks in ((run.artifact_uri, False), (None, True)):
        client.asked.clear()
        write_items(client, run.run_id, make_items(texts={"a.txt": "b"}, key=b"s"), home=home)
        assert ("get_run" in client.asked) == asks
        assert [file.path for file in client.client.list_artifacts(run.run_id)] == ["a.txt"]
