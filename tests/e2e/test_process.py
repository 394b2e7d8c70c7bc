"""The process: command line, configuration, second server, signals, sockets, idleness."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from elanus_server import BINARY, ROLE_CALLS, Server, free_port
from pymilvus import MilvusClient
from rows import count, create, simple_schema


def run(*arguments, environment=None, timeout=30):
    return subprocess.run([str(BINARY), *map(str, arguments)], env=os.environ | (environment or {}),
                          capture_output=True, text=True, timeout=timeout)


def start_with_config(tmp_path, text, **environment):
    config = tmp_path / "milvus.yaml"
    config.write_text(text)
    return Server(tmp_path / "own", arguments=["--config", str(config)], environment=environment)


def refused_config(tmp_path, text, environment=None):
    config = tmp_path / "milvus.yaml"
    config.write_text(text)
    done = run("run", "standalone", "--data", tmp_path / "data", "--port", free_port(), "--config", config,
               environment={"METRICS_PORT": "0"} | (environment or {}))
    assert done.returncode != 0
    assert not (tmp_path / "data").exists() or not any((tmp_path / "data").iterdir())
    return done.stderr + done.stdout


def test_version_and_help():
    assert run("version").returncode == 0
    assert "elanus" in run("version").stdout
    for arguments in (["--help"], ["run", "--help"], ["check", "--help"], ["version", "--help"]):
        done = run(*arguments)
        assert done.returncode == 0
        assert done.stdout


def test_an_unknown_option_or_role_is_refused():
    assert run("run", "standalone", "--nonsense").returncode != 0
    assert run("run", "everything").returncode != 0
    assert run("fly").returncode != 0


def test_sigterm_stops_the_server_and_sigint_too(tmp_path):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server(tmp_path / f"s{number}") as server:
            create(server.client(), "c", simple_schema())
            begin = time.monotonic()
            server.process.send_signal(number)
            assert server.process.wait(10) == 0
            assert time.monotonic() - begin < 10


def test_sigterm_stops_the_server_while_clients_are_connected(own_server):
    clients = [own_server.client() for _ in range(10)]
    assert [client.list_collections() for client in clients] == [[]] * 10
    begin = time.monotonic()
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.process.wait(10) == 0
    assert time.monotonic() - begin < 10
    own_server.kill()


def test_a_second_server_on_the_same_folder_is_refused(own_server):
    client = own_server.client()
    create(client, "c", simple_schema())
    done = run("run", "standalone", "--data", own_server.data, "--port", free_port(),
               environment={"METRICS_PORT": "0"})
    assert done.returncode == 1
    assert str(own_server.data) in done.stderr
    assert "in use" in done.stderr or "another" in done.stderr or "lock" in done.stderr
    client.insert("c", [{"id": 1, "vector": [0.0] * 8}])
    assert count(client, "c") == 1


def test_a_port_in_use_is_refused(own_server, tmp_path):
    done = run("run", "standalone", "--data", tmp_path / "other", "--port", own_server.port,
               environment={"METRICS_PORT": "0"})
    assert done.returncode == 1
    assert str(own_server.port) in done.stderr


def test_a_killed_server_frees_its_folder(own_server):
    create(own_server.client(), "c", simple_schema())
    own_server.kill()
    assert own_server.start().client().list_collections() == ["c"]


def test_it_listens_on_a_unix_socket(tmp_path):
    path = tmp_path / "elanus.sock"
    with Server(tmp_path / "own", arguments=["--listen", f"unix:{path}"]) as server:
        client = MilvusClient(uri=f"unix:{path}", dedicated=True)
        client.create_collection("c", dimension=4)
        assert client.list_collections() == ["c"]
        client.close()
        server.stop()


def test_it_stops_when_nobody_asks(tmp_path):
    server = Server(tmp_path / "own", arguments=["--exit-when-idle", "1"]).spawn()
    assert server.process.wait(20) == 0
    server.close()


def test_a_milvus_yaml_is_read(tmp_path):
    text = "quotaAndLimits:\n  limits:\n    topK: 5\nelanus:\n  reportedVersion: 2.6.99\n"
    with start_with_config(tmp_path, text) as server:
        client = server.client()
        assert client.get_server_version().endswith("2.6.99")
        create(client, "c", simple_schema())
        with pytest.raises(Exception, match=r"topk \[6\] is invalid"):
            client.search("c", [[0.0] * 8], limit=6)
        server.stop()


def test_keys_without_effect_are_listed_once(tmp_path):
    text = "etcd:\n  endpoints: localhost:2379\nminio:\n  address: localhost\nproxy:\n  maxTaskNum: 7\n"
    with start_with_config(tmp_path, text) as server:
        lines = [line for line in server.log().splitlines() if "etcd.endpoints" in line]
        assert len(lines) == 1
        assert "minio.address" in lines[0] and "proxy.maxTaskNum" in lines[0]
        server.stop()


def test_environment_wins_over_the_file(tmp_path):
    with start_with_config(tmp_path, "elanus:\n  reportedVersion: 2.6.1\n", ELANUS_REPORTEDVERSION="2.6.2") as server:
        assert server.client().get_server_version().endswith("2.6.2")
        server.stop()


@pytest.mark.parametrize("text, line, words", [
    ("proxy:\n  port: 1\n  prot: 2\n", 3, ["proxy.prot"]),
    ("log:\n  level: info\nwhatever: 1\n", 3, ["whatever"]),
    ("proxy:\n  maxNameLength: many\n", 2, ["proxy.maxNameLength", "integer", "many"]),
    ("# comment\n\nproxy:\n  port: 70000\n", 4, ["proxy.port", "65535"]),
    ("elanus:\n  debug:\n    loopback: maybe\n", 3, ["true or false"]),
    ("proxy: [unclosed\n", None, []),
    ("proxy: 5\n", 1, ["proxy is a section"]),
    ("proxy:\n  port: 1\nproxy:\n  port: 2\n", 3, ["proxy is given twice"]),
    ("common:\n  security:\n    authorizationEnabled: true\n", 3, ["authorizationEnabled", "neither logins nor TLS"]),
    ("common:\n  security:\n    tlsMode: 2\n", 3, ["tlsMode"]),
], ids=["unknown key", "unknown section", "no integer", "out of range", "no bool", "no yaml", "value for a section",
        "given twice", "logins", "tls"])
def test_a_bad_file_stops_the_start_with_file_and_line(tmp_path, text, line, words):
    output = refused_config(tmp_path, text)
    assert f"milvus.yaml:{line}" in output if line else "milvus.yaml:" in output
    for word in words:
        assert word in output


def test_the_loopback_is_in_force_when_asked_for(own_server):
    create(own_server.client(), "c", simple_schema())
    assert ("loopback_mode" in own_server.log()) == (ROLE_CALLS == "loopback")


def test_a_missing_file_stops_the_start(tmp_path):
    done = run("run", "standalone", "--data", tmp_path / "data", "--config", tmp_path / "nothing.yaml")
    assert done.returncode != 0
    assert "nothing.yaml" in done.stderr


def test_a_bad_variable_stops_the_start(tmp_path):
    assert "PROXY_MAXNAMELENGTH" in refused_config(tmp_path, "", {"PROXY_MAXNAMELENGTH": "x"})


def test_a_protection_asked_for_in_the_environment_stops_the_start(tmp_path):
    output = refused_config(tmp_path, "", {"COMMON_SECURITY_AUTHORIZATIONENABLED": "true"})
    assert "neither logins nor TLS" in output


def test_variables_without_effect_are_listed(tmp_path):
    with start_with_config(tmp_path, "", ETCD_ENDPOINTS="x") as server:
        assert "ETCD_ENDPOINTS" in server.log()
        server.stop()


def test_a_data_path_that_is_a_file_is_named(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    done = run("run", "standalone", "--data", path, "--port", free_port(), environment={"METRICS_PORT": "0"})
    assert done.returncode != 0
    assert str(path) in done.stderr and "another server" not in done.stderr


def test_a_server_that_nobody_can_reach_is_refused(tmp_path):
    done = run("run", "standalone", "--data", tmp_path / "data", "--port", 0, environment={"METRICS_PORT": "0"})
    assert done.returncode != 0
    assert "--listen" in done.stderr


def test_a_taken_ops_port_names_its_setting(own_server, tmp_path):
    done = run("run", "standalone", "--data", tmp_path / "data", "--port", free_port(),
               environment={"METRICS_PORT": str(own_server.ops_port)})
    assert done.returncode != 0
    assert "metrics.port" in done.stderr


def test_every_log_line_is_one_event(own_server):
    create(own_server.client(), "c", simple_schema())
    own_server.stop()
    lines = own_server.log().splitlines()
    assert lines
    assert all("=" in line for line in lines), lines


def test_an_idle_server_is_quiet(own_server):
    own_server.client().list_collections()
    before = own_server.log()
    stat = pathlib.Path(f"/proc/{own_server.process.pid}/stat")

    def ticks():
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    time.sleep(0.5)
    begin = ticks()
    time.sleep(3)
    assert ticks() - begin <= 3  # of 300: 1 % of a core, room for a busy machine
    assert own_server.log() == before


def test_the_verifier_accepts_what_the_server_wrote(own_server):
    client = own_server.client()
    create(client, "c", simple_schema())
    client.insert("c", [{"id": i, "vector": [0.0] * 8} for i in range(100)])
    client.flush("c")
    client.insert("c", [{"id": i, "vector": [0.0] * 8} for i in range(100, 150)])
    client.delete("c", ids=[3])
    own_server.kill()
    done = run("check", own_server.data)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_verifier_finds_a_damaged_file(own_server):
    client = own_server.client()
    create(client, "c", simple_schema(dim=64))
    client.insert("c", [{"id": i, "vector": [1.0] * 64} for i in range(2000)])
    client.flush("c")
    own_server.stop()
    largest = max((path for path in own_server.data.rglob("*") if path.is_file() and "object" in str(path)),
                  key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 0x40
    largest.write_bytes(data)
    done = run("check", own_server.data)
    assert done.returncode != 0
    assert largest.name in done.stdout + done.stderr


def test_a_damaged_segment_is_named_to_whoever_reads(own_server):
    client = own_server.client()
    create(client, "c", simple_schema(dim=64))
    client.insert("c", [{"id": i, "vector": [1.0] * 64} for i in range(500)])
    client.flush("c")
    own_server.stop()
    (segment,) = [path for path in own_server.data.rglob("*") if path.is_file() and "segments" in path.parts]
    segment.write_bytes(segment.read_bytes()[:4096])
    client = own_server.start().client()
    with pytest.raises(Exception, match="a segment cannot be loaded.*collection not fully loaded"):
        count(client, "c")
    time.sleep(3)
    assert own_server.log().count("segment_not_loaded") == 1


def test_health_is_json_when_asked(own_server):
    import urllib.request

    request = urllib.request.Request(f"http://127.0.0.1:{own_server.ops_port}/healthz",
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        assert json.load(reply)["state"] == "OK"
