"""Checks of the files of `deploy/` and of the Dockerfile: public schemas, linters, and runs against the sandbox."""

import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

import boto3
import botocore.validate
import yaml

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parent
ROOT = DEPLOY.parent
RECONCILE = os.environ["RECONCILE"]
SPEC = (ROOT / "specs/prod.yaml").read_text()
DRIFTED = SPEC.replace("data_events: { s3: all, lambda: all }", "data_events: { s3: all }", 1)

WORKFLOWS = sorted((DEPLOY / "github").glob("*.yml"))
PIPELINE = DEPLOY / "gitlab/reconcile.gitlab-ci.yml"
UNITS = sorted((DEPLOY / "systemd").iterdir())
CREATE_ROLE = DEPLOY / "aws/create-role"
CRON = DEPLOY / "cron/reconcile"
SHARD = DEPLOY / "verify/shard"
BATCH = DEPLOY / "verify/batch-job-definition.json"
MANIFESTS = sorted(it for it in (DEPLOY / "kubernetes").glob("*/*.yaml") if "example" not in it.parts)
MANIFESTS = [it for it in MANIFESTS if it.name != "kustomization.yaml"]
PAGES = sorted((ROOT / "docs/src/guides/run").glob("*.md"))


def call(*command, **options):
    """Runs a command that must succeed, and returns its output."""
    options = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
    done = subprocess.run([str(it) for it in command], **options)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def needs(program):
    """Skips a test with a loud line where a program is missing."""
    if shutil.which(program):
        return lambda test: test
    print(f"SKIPPED: {program} is not installed: what needs it is not checked", flush=True)
    return unittest.skip(program)


def steps():
    """The jobs of the workflows: workflow, job, steps."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield path.stem, name, job["steps"]


def pipeline_jobs():
    jobs = yaml.safe_load(PIPELINE.read_text())
    return {name: job for name, job in jobs.items() if isinstance(job, dict) and "script" in job}


def containers():
    for path in MANIFESTS:
        manifest = yaml.safe_load(path.read_text())
        if manifest["kind"] == "CronJob":
            manifest = manifest["spec"]["jobTemplate"]
        if "template" in manifest.get("spec", {}):
            pod = manifest["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield path.name, pod, container


def unit_command(path):
    found = re.search(r"^ExecStart=/usr/local/bin/(reconcile .*)$", path.read_text(), re.M)
    return found and shlex.split(found[1])


def command_lines():
    """Every command line of `reconcile` in this folder and in the pages of the book: place and words."""
    for path in UNITS:
        if words := unit_command(path):
            yield path.name, words
    for name, _, container in containers():
        if "args" in container:
            yield name, ["reconcile", *container["args"]]
    texts = [(CRON.name, re.search(r"^(?:\S+ ){5}reconcile (.*)$", CRON.read_text(), re.M)[1])]
    texts += [(f"{workflow}.yml", step.get("run", "")) for workflow, _, of_job in steps() for step in of_job]
    texts += [(PIPELINE.name, line) for job in pipeline_jobs().values() for line in job["script"]]
    texts += [(SHARD.name, SHARD.read_text())]
    texts += [(page.name, "\n".join(re.findall(r"^ *\$ (.*)$", page.read_text(), re.M))) for page in PAGES]
    for place, text in texts:
        for line in re.findall(r"(?<!<!-- )(?<!--namespace )(?<![-/`])\breconcile ([a-z]+\b[^|>&;()\n]*)", text):
            yield place, ["reconcile", *shlex.split(line, comments=True)]


class CommandLines(unittest.TestCase):
    def test_every_option_is_in_the_help_of_its_command(self):
        helps = {}
        seen = set()
        for place, [_, command, *words] in command_lines():
            if command not in helps:
                done = subprocess.run([RECONCILE, command, "--help"], text=True, capture_output=True)
                helps[command] = re.sub(r"\s+", " ", done.stdout) if done.returncode == 0 else None
            text = helps[command]
            with self.subTest(place=place, command=command):
                self.assertIsNotNone(text, f"`reconcile {command}` is not a command")
                for word in words:
                    if not word.startswith("-"):
                        continue
                    option = word.split("=")[0]
                    self.assertTrue(re.search(rf"[\s,]{re.escape(option)}[\s=\[,]", text), f"{option} is not an option")
                    # The value is one of the possible values, where the help lists them.
                    value = word.partition("=")[2] or next(iter(words[words.index(word) + 1 :]), "")
                    description = rf"{re.escape(option)} <[A-Z]+> (?:(?! --).)*?"
                    listed = re.search(rf"{description}\[possible values: ([^\]]*)\]", text)
                    if listed:
                        self.assertIn(value, listed[1].split(", "), option)
            seen.add(place)
        self.assertLess({"reconcile", "reconcile-drift.service", "cron-job.yaml", PIPELINE.name, "schedulers.md", "shard"}, seen)
        self.assertLess({it.name for it in WORKFLOWS}, seen)


class Systemd(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for path in UNITS:
            text = path.read_text().replace("/usr/local/bin/reconcile", RECONCILE)
            (self.folder / path.name).write_text(text)

    @needs("systemd-analyze")
    def test_the_units_are_valid(self):
        self.assertEqual(call("systemd-analyze", "verify", *sorted(self.folder.iterdir())), "")

    @needs("systemd-analyze")
    def test_the_services_are_hardened(self):
        # An exposure of 2.0 is `OK`: only the network and the root folder of the machine remain.
        for service in self.folder.glob("*.service"):
            call("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", service)


class Kubernetes(unittest.TestCase):
    VERSIONS = ["1.31.0", "1.37.0"]

    def validate(self, *paths):
        for version in self.VERSIONS:
            call("kubernetes-validate", "--strict", "--quiet", "--kubernetes-version", version, *paths)

    def test_every_manifest_is_valid(self):
        self.validate(*MANIFESTS)

    @needs("kubectl")
    def test_every_kustomization_is_valid(self):
        for path in (DEPLOY / "kubernetes").glob("*/kustomization.yaml"):
            with tempfile.NamedTemporaryFile(suffix=".yaml") as built:
                call("kubectl", "kustomize", path.parent, "--output", built.name)
                self.validate(built.name)

    @needs("kubectl")
    def test_the_example_replaces_spec_image_and_role(self):
        built = call("kubectl", "kustomize", DEPLOY / "kubernetes/example")
        by_kind = {it["kind"]: it for it in yaml.safe_load_all(built)}
        pod = by_kind["Deployment"]["spec"]["template"]["spec"]
        [spec, _] = pod["volumes"]
        self.assertEqual(spec["configMap"]["name"], by_kind["ConfigMap"]["metadata"]["name"])
        self.assertEqual(pod["containers"][0]["image"], "registry.example.com/reconcile:0.1.0")
        call(RECONCILE, "validate", DEPLOY / "kubernetes/example/prod.yaml")

    def test_the_pods_have_no_more_rights_than_they_need(self):
        user = int(re.findall(r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text(), re.M)[-1])
        for place, pod, container in containers():
            with self.subTest(place):
                self.assertFalse(pod["automountServiceAccountToken"])
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual(pod["securityContext"]["runAsUser"], user)
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                rights = container["securityContext"]
                self.assertFalse(rights["allowPrivilegeEscalation"])
                self.assertTrue(rights["readOnlyRootFilesystem"])
                self.assertEqual(rights["capabilities"], {"drop": ["ALL"]})

    def test_ports_and_labels_agree(self):
        manifests = [yaml.safe_load(it.read_text()) for it in MANIFESTS]
        watch = {it["kind"]: it["spec"] for it in manifests if "spec" in it}
        template = watch["Deployment"]["template"]
        labels = template["metadata"]["labels"]
        for kind, selector in [
            ("Deployment", watch["Deployment"]["selector"]["matchLabels"]),
            ("Service", watch["Service"]["selector"]),
            ("PodDisruptionBudget", watch["PodDisruptionBudget"]["selector"]["matchLabels"]),
        ]:
            self.assertEqual(selector, labels, kind)
        [container] = template["spec"]["containers"]
        [port] = container["ports"]
        self.assertIn(f"--listen=0.0.0.0:{port['containerPort']}", container["args"])
        self.assertEqual(watch["Service"]["ports"][0]["targetPort"], port["name"])
        for probe in ["livenessProbe", "readinessProbe"]:
            self.assertEqual(container[probe]["httpGet"]["port"], port["name"])


class Image(unittest.TestCase):
    def test_the_dockerfile_has_no_findings(self):
        call("hadolint", ROOT / "Dockerfile")

    @needs("cargo")
    def test_the_context_has_what_cargo_reads(self):
        allowed = tuple(it[2:] for it in (ROOT / ".dockerignore").read_text().splitlines() if it.startswith("!/"))
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
        files = [it for it in listed.splitlines() if it in allowed or it.startswith(tuple(f"{a}/" for a in allowed))]
        with tempfile.TemporaryDirectory() as context:
            for file in files:
                target = pathlib.Path(context) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, target)
            call("cargo", "metadata", "--no-deps", "--offline", "--locked", "--format-version=1", cwd=context)
            for source in pathlib.Path(context).glob("crates/*/src/**/*.rs"):
                for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', source.read_text()):
                    self.assertTrue((source.parent / included).exists(), f"{source}: {included}")


class Schemas(unittest.TestCase):
    def test_the_workflows_are_valid(self):
        call("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)

    def test_the_workflows_have_no_security_findings(self):
        call("zizmor", "--offline", "--persona", "pedantic", "--no-progress", *WORKFLOWS)

    def test_the_pipeline_is_valid(self):
        call("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", PIPELINE)

    def test_the_scripts_have_no_findings(self):
        scripts = [step["run"] for _, _, steps_of_job in steps() for step in steps_of_job if "run" in step]
        scripts += ["\n".join(job["script"]) for job in pipeline_jobs().values()]
        self.assertGreater(len(scripts), 10)
        for script in scripts:
            # SC2016: `$` in single quotes is meant for jq.
            call("shellcheck", "--shell=bash", "--severity=style", "--exclude=SC2016", "-", input=script)
        call("shellcheck", HERE / "run", CREATE_ROLE, SHARD)


class Project:
    """A folder with a spec, and the sandbox as its AWS."""

    def __init__(self, test, spec=SPEC):
        self.folder = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory()))
        self.write(spec)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        serve = [RECONCILE, "sandbox", "serve", "--port", "0", "--spec", "specs/prod.yaml"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.server = subprocess.Popen(serve, cwd=self.folder, text=True, **streams)
        test.addCleanup(self.stop)
        exports = [self.server.stdout.readline() for _ in range(3)]
        self.environment = {"HOME": str(self.folder), "PATH": f"{self.bin}:{os.environ['PATH']}"}
        self.environment |= dict(it.strip().removeprefix("export ").split("=", 1) for it in exports)

    def stop(self):
        self.server.terminate()
        self.server.wait()
        self.server.stdout.close()

    def write(self, spec):
        (self.folder / "specs").mkdir(exist_ok=True)
        (self.folder / "specs/prod.yaml").write_text(spec)

    def link(self, name, target):
        (self.bin / name).symlink_to(target)

    def run(self, script, shell=("bash", "-eo", "pipefail"), **environment):
        """Runs a script, and returns its exit code and its output."""
        done = subprocess.run(
            [*shell, "-c", script], cwd=self.folder, env=self.environment | environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )
        return done.returncode, done.stdout

    def apply(self):
        """Creates what the spec declares."""
        code, printed = self.run(f"{RECONCILE} apply specs/prod.yaml --yes")
        assert code == 0, printed


class Scheduled(unittest.TestCase):
    def test_cron_prints_only_drift_and_errors(self):
        [line] = [it for it in CRON.read_text().splitlines() if it[:1].isdigit()]
        *schedule, user, command = line.split(maxsplit=6)
        self.assertEqual((schedule, user), (["17", "*", "*", "*", "*"], "reconcile"))
        project = Project(self)
        project.link("reconcile", RECONCILE)
        command = command.replace(r"\%", "%").replace("/var/lib/reconcile", str(project.folder))
        command = command.replace("/etc/reconcile", "specs")
        self.assertNotIn("\\%", command)
        self.assertIn("the trail does not exist", project.run(command, ("sh",))[1])
        project.apply()
        self.assertEqual(project.run(command, ("sh",)), (0, ""))
        project.write("version: 2")
        self.assertIn("could not be checked", project.run(command, ("sh",))[1])

    def test_service_and_job_end_with_the_code_of_drift(self):
        project = Project(self)
        commands = [unit_command(DEPLOY / "systemd/reconcile-drift.service")]
        commands += [["reconcile", *it["args"]] for name, _, it in containers() if name == "cron-job.yaml"]
        scripts = [shlex.join([RECONCILE, *words]).replace("/etc/reconcile", "specs") for [_, *words] in commands]
        self.assertEqual([project.run(it)[0] for it in scripts], [2, 2])
        project.apply()
        self.assertEqual([project.run(it)[0] for it in scripts], [0, 0])


class Shards(unittest.TestCase):
    """The jobs that verify the shards of the accounts and Regions."""

    def test_the_batch_job_is_valid(self):
        shape = boto3.client("batch", region_name="us-east-1").meta.service_model.operation_model("RegisterJobDefinition")
        botocore.validate.validate_parameters(json.loads(BATCH.read_text()), shape.input_shape)

    def test_the_number_of_shards_is_the_number_of_jobs(self):
        [job] = [yaml.safe_load(it.read_text()) for it in MANIFESTS if it.name == "indexed-job.yaml"]
        job = job["spec"]["jobTemplate"]["spec"]
        [container] = job["template"]["spec"]["containers"]
        environment = {it["name"]: it["value"] for it in container["env"]}
        self.assertEqual({job["completions"], job["parallelism"]}, {int(environment["SHARDS"])})
        batch = json.loads(BATCH.read_text())["containerProperties"]
        self.assertEqual({it["name"] for it in batch["environment"]}, {"SPEC", "SHARDS", "RESULTS"})
        self.assertLess({"SPEC", "SHARDS", "RESULTS"}, set(environment))

    def test_the_shards_of_both_platforms_merge(self):
        project = Project(self)
        project.apply()
        # The sandbox is served from memory: another process cannot deliver into it. An empty bucket has a result as well.
        stub = project.bin / "aws"
        stub.write_text('#!/bin/sh\nmkdir -p "$(dirname "results/${5#s3://}")" && cp "$4" "results/${5#s3://}"\n')
        stub.chmod(0o755)
        project.link("reconcile", RECONCILE)
        variables = {"SPEC": "specs/prod.yaml", "SHARDS": "3", "RESULTS": "s3://evidence/results"}
        for name, index in [("AWS_BATCH_JOB_ARRAY_INDEX", 0), ("JOB_COMPLETION_INDEX", 1), ("JOB_COMPLETION_INDEX", 2)]:
            code, printed = project.run(str(SHARD), ("sh",), **variables, **{name: str(index)})
            self.assertEqual(code, 2, printed)
        merge = f"{RECONCILE} verify merge results/evidence/results/*/*.json --format json"
        code, printed = project.run(merge)
        self.assertEqual(code, 2, printed)
        merged = json.loads(printed)
        self.assertEqual((merged["status"], len(merged["cells"])), ("wrong", 3 * 17))
        self.assertEqual(project.run(merge.replace("*.json", "[01].json"))[0], 1)


class Roles(unittest.TestCase):
    def test_every_trust_policy_of_a_provider_names_audience_and_subject(self):
        providers = 0
        for path in sorted((DEPLOY / "aws").glob("trust-*.json")):
            with self.subTest(path.name):
                [statement] = json.loads(path.read_text())["Statement"]
                if "Federated" not in statement["Principal"]:
                    continue
                providers += 1
                issuer = statement["Principal"]["Federated"].split(":oidc-provider/")[1]
                conditions = {}
                for condition in statement["Condition"].values():
                    conditions |= condition
                self.assertEqual(set(conditions), {f"{issuer}:aud", f"{issuer}:sub"})
                self.assertEqual(conditions[f"{issuer}:aud"], "sts.amazonaws.com")
        self.assertEqual(providers, 5)

    @needs("jq")
    def test_a_role_is_created_and_updated_with_the_permissions_of_the_spec(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "reconcile").symlink_to(RECONCILE)
        # The account of moto.
        (folder / "prod.yaml").write_text(SPEC.replace("111111111111", "123456789012"))
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        moto = subprocess.Popen(["moto_server", "-p", "0"], text=True, **streams)
        self.addCleanup(moto.stderr.close)
        self.addCleanup(moto.wait)
        self.addCleanup(moto.terminate)
        url = next(found[0] for line in moto.stderr if (found := re.search(r"http://127[.\d]+:\d+", line)))
        environment = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "NO_PROXY": "127.0.0.1",
        }

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1", **keys)

        def create(mode, *options):
            trust = DEPLOY / "aws/trust-github-plan.json"
            call(CREATE_ROLE, "reconcile-plan", trust, folder / "prod.yaml", mode, *options, env=environment)
            documents = []
            for attached in iam.list_attached_role_policies(RoleName="reconcile-plan")["AttachedPolicies"]:
                policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
                shown = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
                documents.append(shown["PolicyVersion"]["Document"])
            trusted = iam.get_role(RoleName="reconcile-plan")["Role"]["AssumeRolePolicyDocument"]
            self.assertEqual(trusted, json.loads(trust.read_text()))
            return documents

        def printed(mode, *options):
            command = [RECONCILE, "permissions", folder / "prod.yaml", "--mode", mode, *options, "--format=json"]
            return json.loads(call(*command, stderr=subprocess.DEVNULL))["accounts"][0]["documents"]

        options = ["--replicas", "--blame"]
        self.assertEqual(create("plan", *options), printed("plan", *options))
        self.assertNotEqual(printed("plan", *options), printed("plan"))
        self.assertEqual(create("apply"), printed("apply"))


class Watch(unittest.TestCase):
    """Both replicas of the Deployment, on the spec of the example."""

    def setUp(self):
        self.project = Project(self, (DEPLOY / "kubernetes/example/prod.yaml").read_text())
        it = self.project.environment
        keys = {"aws_access_key_id": it["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": it["AWS_SECRET_ACCESS_KEY"]}
        s3 = boto3.client("s3", endpoint_url=it["AWS_ENDPOINT_URL"], region_name="us-east-1", **keys)
        s3.create_bucket(Bucket="secprod-apply-locks")
        self.project.apply()

    def start(self, container, number):
        """Starts a replica, and returns its process and its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        words = shlex.join([RECONCILE, *container["args"]]).replace("0.0.0.0:9464", address)
        words = words.replace("--jitter=30s", "--jitter=0s")
        words = words.replace("/etc/reconcile", "specs").replace("/var/lib/reconcile", f"state-{number}")
        log = (self.project.folder / f"log-{number}").open("w")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            shlex.split(words), cwd=self.project.folder, env=self.project.environment, stdout=log, stderr=log
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, f"http://{address}"

    def get(self, url, pattern=""):
        """What a pattern matches in a page, as soon as the page answers with 200 and has it."""
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    body = answer.read().decode()
            except OSError as error:
                body = str(error)
            else:
                if found := re.search(pattern, body, re.M):
                    return found
            self.assertLess(time.monotonic(), until, f"{url}: {body}")
            time.sleep(0.1)

    def test_one_replica_leads_and_both_answer_the_probes(self):
        [container] = [it for name, _, it in containers() if name == "deployment.yaml"]
        liveness, readiness = (container[it]["httpGet"]["path"] for it in ["livenessProbe", "readinessProbe"])
        replicas = [self.start(container, number) for number in range(2)]
        leads = []
        for _, address in replicas:
            self.get(f"{address}{liveness}")
            self.get(f"{address}{readiness}")
            self.get(f"{address}/", "specs/prod.yaml")
            found = self.get(f"{address}/metrics", r'^reconcile_leader{spec="specs/prod.yaml"} ([01])$')
            leads.append(found[1])
        self.assertEqual(sorted(leads), ["0", "1"])
        for process, address in replicas:
            process.send_signal(signal.SIGHUP)
            self.get(f"{address}{liveness}")
            process.terminate()
            self.assertEqual(process.wait(60), 0)


@needs("jq")
class GitHub(unittest.TestCase):
    """The steps of the workflows, with stand-ins for `docker` and `gh`."""

    def setUp(self):
        self.project = Project(self)
        self.project.link("gh", HERE / "gh")
        self.install(RECONCILE)
        self.state = self.project.folder / "state.json"
        foreign = {"id": 1, "user": {"login": "somebody"}, "body": "<!-- reconcile plan --> not mine"}
        self.state.write_text(json.dumps({"comments": [foreign], "issues": []}))

    def install(self, program):
        """Makes a program the content of the image."""
        docker = self.project.bin / "docker"
        docker.write_text(f'#!/bin/sh\n[ "$1" != cp ] || cp {program} "$3"\n')
        docker.chmod(0o755)

    def read(self, kind):
        return json.loads(self.state.read_text())[kind]

    def job(self, workflow, name):
        """Runs the scripts of a job, and returns the exit code and the outputs of the step that plans or checks."""
        values = {
            "github.repository": "example/logging", "github.token": "token",
            "github.server_url": "https://github.example", "github.run_id": "1",
            "github.event.pull_request.number": "7", "vars.RECONCILE_IMAGE": "reconcile",
        }
        workflow = yaml.safe_load((DEPLOY / f"github/{workflow}.yml").read_text())
        files = {it: self.project.folder / it for it in ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"]}
        common = {it: str(path) for it, path in files.items()} | {"GH_STATE": str(self.state)}
        common |= {"RUNNER_TEMP": str(self.project.folder)} | workflow.get("env", {})
        for step in workflow["jobs"][name]["steps"]:
            if "run" not in step:
                continue
            for path in files.values():
                path.touch()
            files["GITHUB_OUTPUT"].write_text("")
            environment = {
                key: re.sub(r"\$\{\{ (\S+) \}\}", lambda it: values[it[1]], value)
                for key, value in step.get("env", {}).items()
            }
            code, printed = self.project.run(step["run"], **common, **environment)
            for line in files["GITHUB_OUTPUT"].read_text().splitlines():
                key, value = line.split("=", 1)
                values[f"steps.{step['id']}.outputs.{key}"] = value
            if code != 0:
                return code, values, printed
        return 0, values, printed

    def test_a_pull_request_has_one_comment_with_the_plan(self):
        self.assertEqual(self.job("reconcile-plan", "plan")[0], 0)
        [foreign, comment] = self.read("comments")
        self.assertIn("Plan: 8 to create", comment["body"])
        self.project.apply()
        self.assertEqual(self.job("reconcile-plan", "plan")[0], 0)
        [again, comment] = self.read("comments")
        self.assertEqual(again, foreign)
        self.assertIn("No changes", comment["body"])

    def test_a_plan_that_fails_is_commented_and_fails_the_job(self):
        self.project.write("version: 2")
        self.assertEqual(self.job("reconcile-plan", "plan")[0], 1)
        [_, comment] = self.read("comments")
        self.assertIn("The plan failed", comment["body"])
        self.assertIn("https://github.example/example/logging/actions/runs/1", comment["body"])

    def test_a_plan_that_is_too_long_for_a_comment_is_commented_without_differences(self):
        row = "| ~ | `trail/é` | the trail does not exist |\n"
        details = "\n<details><summary>policy</summary>\n" + "+ line\n" * 5000 + "</details>\n"
        for rows, says in [(600, "policy"), (1100, "The plan is too long"), (9000, "The plan is too long")]:
            long = self.project.folder / "long"
            (self.project.folder / "long.md").write_text("Plan: 9 to create.\n" + row * rows + details)
            long.write_text("#!/bin/sh\ncat long.md\n")
            long.chmod(0o755)
            self.install(long)
            code, _, printed = self.job("reconcile-plan", "plan")
            self.assertEqual(code, 0, printed)
            body = self.read("comments")[1]["body"]
            self.assertTrue("Plan: 9 to create." in body and says in body, (rows, len(body)))
            self.assertEqual(body.count("<details>"), body.count("</details>"))

    def test_the_plan_of_a_merge_is_applied(self):
        code, values, _ = self.job("reconcile-apply", "plan")
        self.assertEqual((code, values["steps.plan.outputs.code"]), (0, "2"))
        code, _, printed = self.job("reconcile-apply", "apply")
        self.assertEqual(code, 0, printed)
        code, values, _ = self.job("reconcile-apply", "plan")
        self.assertEqual((code, values["steps.plan.outputs.code"]), (0, "0"))

    def test_the_plan_of_another_spec_is_not_applied(self):
        self.job("reconcile-apply", "plan")
        self.project.write(DRIFTED)
        code, _, printed = self.job("reconcile-apply", "apply")
        self.assertEqual(code, 1)
        self.assertIn("has changed since the plan was made", printed)

    def test_drift_has_one_issue(self):
        self.project.apply()
        self.assertEqual(self.job("reconcile-drift", "drift")[0], 0)
        self.assertEqual(self.read("issues"), [])
        self.project.write(DRIFTED)
        for _ in range(2):
            self.assertEqual(self.job("reconcile-drift", "drift")[0], 2)
            [issue] = self.read("issues")
            self.assertEqual((issue["state"], issue["labels"]), ("open", ["reconcile-drift"]))
            self.assertRegex(issue["body"], r"Live AWS differs[\s\S]*\n    .*trail/")
        self.assertTrue(json.loads((self.project.folder / "drift.sarif").read_text())["runs"][0]["results"])
        self.project.write(SPEC)
        self.assertEqual(self.job("reconcile-drift", "drift")[0], 0)
        [issue] = self.read("issues")
        self.assertEqual(issue["state"], "closed")
        self.assertIn("Live AWS matches the specs.", issue["body"])
        self.project.write("version: 2")
        self.assertEqual(self.job("reconcile-drift", "drift")[0], 1)
        self.assertIn("could not be checked", self.read("issues")[1]["body"])


class GitLabApi(http.server.BaseHTTPRequestHandler):
    """The part of GitLab's API that the pipeline uses."""

    def answer(self):
        path = urllib.parse.urlsplit(self.path)
        assert self.headers["PRIVATE-TOKEN"] == "token"
        size = int(self.headers.get("Content-Length", 0))
        fields = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode(), strict_parsing=True)) if size else {}
        known = r"/api/v4/(?:projects/5/(?:merge_requests/7/)?)?(user|notes|issues)(?:/(\d+))?"
        kind, chosen = re.fullmatch(known, path.path).groups()
        items = self.server.items.get(kind)
        match self.command:
            case "GET" if kind == "user":
                answer = {"id": 42}
            case "GET":
                answer = [it for it in items if it["state"] == "opened"] if "state=opened" in path.query else items
            case "POST":
                number = len(items) + 1
                answer = {"id": number, "iid": number, "author": {"id": 42}, "state": "opened", **fields}
                items.append(answer)
            case "PUT":
                answer = items[int(chosen) - 1]
                assert answer["author"]["id"] == 42
                if fields.pop("state_event", None) == "close":
                    answer["state"] = "closed"
                answer.update(fields)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


@needs("jq")
@needs("curl")
class GitLab(unittest.TestCase):
    """The scripts of the pipeline, against a server that answers as GitLab does."""

    def setUp(self):
        self.project = Project(self)
        self.project.link("reconcile", RECONCILE)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitLabApi)
        foreign = {"id": 1, "author": {"id": 1}, "body": "<!-- reconcile plan --> not mine"}
        self.server.items = {"notes": [foreign], "issues": []}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def job(self, name):
        job = pipeline_jobs()[name]
        pipeline = yaml.safe_load(PIPELINE.read_text())
        token = self.project.folder / "token"
        before = "\n".join(pipeline[".reconcile"]["before_script"])
        code, printed = self.project.run(
            f"{before}\n" + "\n".join(job["script"]),
            SPEC=pipeline["variables"]["SPEC"], AWS_TOKEN="jwt", AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
            CI_API_V4_URL=f"http://127.0.0.1:{self.server.server_port}/api/v4", CI_PROJECT_ID="5",
            CI_MERGE_REQUEST_IID="7", CI_JOB_URL="https://gitlab.example/jobs/1",
            RECONCILE_TOKEN="token", NO_PROXY="127.0.0.1",
        )
        self.assertEqual((token.read_text(), token.stat().st_mode & 0o777), ("jwt", 0o600))
        return code, printed

    def test_a_merge_request_has_one_comment_with_the_plan(self):
        self.assertEqual(self.job("reconcile plan")[0], 0)
        self.assertIn("Plan: 8 to create", self.server.items["notes"][1]["body"])
        self.project.apply()
        self.assertEqual(self.job("reconcile plan")[0], 0)
        [foreign, comment] = self.server.items["notes"]
        self.assertIn("not mine", foreign["body"])
        self.assertIn("No changes", comment["body"])
        self.project.write("version: 2")
        self.assertEqual(self.job("reconcile plan")[0], 1)
        self.assertIn("The plan failed", self.server.items["notes"][1]["body"])

    def test_the_plan_of_a_merge_is_applied(self):
        self.assertEqual(self.job("reconcile plan main")[0], 0)
        code, printed = self.job("reconcile apply")
        self.assertEqual(code, 0, printed)
        self.assertIn("Applied 8 changes", printed)

    def test_drift_has_one_issue(self):
        self.project.apply()
        self.assertEqual(self.job("reconcile drift")[0], 0)
        self.assertEqual(self.server.items["issues"], [])
        self.project.write(DRIFTED)
        for _ in range(2):
            self.assertEqual(self.job("reconcile drift")[0], 2)
            [issue] = self.server.items["issues"]
            self.assertEqual((issue["state"], issue["confidential"]), ("opened", "true"))
            self.assertRegex(issue["description"], r"Live AWS differs[\s\S]*\n    .*trail/")
        self.project.write(SPEC)
        self.assertEqual(self.job("reconcile drift")[0], 0)
        self.assertEqual(self.server.items["issues"][0]["state"], "closed")


if __name__ == "__main__":
    unittest.main(verbosity=1)
