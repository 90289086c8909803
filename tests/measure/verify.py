"""Measures `reconcile verify` beside `aws cloudtrail validate-logs` and beside a bare program, on the same served bucket of a sandbox.

    cargo build --release && cargo build --release --manifest-path tests/measure/bare/Cargo.toml
    python3 tests/measure/verify.py target/release/reconcile tests/measure/bare/target/release/bare aws [CASE]...

Each case is `ACCOUNTS:REGIONS:HOURS:FILES`: so many accounts with a trail, Regions that are verified (0: all 17), hours, and log files in
each hour of each account and Region. The script prints the CPU time, the wall time and the largest memory of each program, and the ratios.
The bare program gets and hashes the objects of the same accounts and Regions, and checks nothing. The AWS CLI is run once for each
account and Region; `-` in its place leaves it out. Use a release build and an idle machine.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

BUCKET, HOME, UNTIL = "measured-logs", "us-east-1", "2026-02-28T00:00:00Z"
REGIONS = ["us-east-1", "eu-west-1", "eu-central-1", "us-west-2"]


def run(command, environment, folder):
    """Runs a program. Returns its output, CPU seconds, wall seconds and largest memory in MiB."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        output.seek(0)
        text = output.read().decode()
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command}: {text[-2000:]}")
    return text, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def spec_of(accounts):
    """A spec with a trail in each of so many accounts, and their IDs."""
    ids = [str(111111111111 + number) for number in range(accounts)]
    lines = ["version: 1", "name: measured", "accounts:"]
    for number, account in enumerate(ids):
        role = ", role: OrganizationAccountAccessRole" if number else ""
        lines.append(f'  a{number}: {{ id: "{account}"{role} }}')
    lines += [f"bucket: {{ name: {BUCKET}, account: a0, region: {HOME} }}", "key: { alias: measured }"]
    lines += ["trails: [{ name: Measured, accounts: all }]"]
    return "\n".join(lines) + "\n", ids


def measure(reconcile, bare, aws, accounts, regions, hours, files):
    regions = REGIONS[:regions]
    with tempfile.TemporaryDirectory() as folder:
        text, ids = spec_of(accounts)
        spec = pathlib.Path(folder, "spec.yaml")
        spec.write_text(text)
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": HOME}

        def call(*words):
            return run([reconcile, *words], environment, folder)

        call("apply", str(spec), "--yes", "--sandbox")
        call("sandbox", "deliver", str(spec), "--hours", str(hours + 1), "--files", str(files), "--until", UNTIL)
        serve = subprocess.Popen(
            [reconcile, "sandbox", "serve", "--port", "0"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
        )
        try:
            exports = [serve.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3)]
            environment |= dict(exports)
            since = subprocess.check_output(["date", "-u", "-d", f"{UNTIL} {hours} hours ago", "+%FT%TZ"], text=True).strip()

            asked = [word for region in regions for word in ("--in-region", region)]
            verified = call("verify", str(spec), "--from", since, "--to", UNTIL, "--format", "json", *asked)
            document = json.loads(verified[0])
            digests, logs = document["digests"]["verified"], document["logs"]["verified"]
            print(f"{accounts} accounts, {len(regions) or 17} Regions, {hours} hours: {digests} digests, {logs} log files")
            show("verify", verified, None)
            got = run([bare, BUCKET, "AWSLogs/", "64", *([f"/{region}/" for region in regions] or ["/"])], environment, folder)
            show(f"bare program, {got[0].strip()}", got, verified)
            if aws != "-":
                calls = [validate(aws, account, region, since, environment, folder) for account in ids for region in regions]
                whole = [sum(call[index] for call in calls) for index in (1, 2)]
                show(f"AWS CLI, {len(calls)} runs", ("", *whole, max(call[3] for call in calls)), verified)
        finally:
            serve.terminate()
            serve.wait()


def validate(aws, account, region, since, environment, folder):
    arn = f"arn:aws:cloudtrail:{HOME}:{account}:trail/Measured"
    command = [aws, "cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", since, "--end-time", UNTIL]
    command += ["--s3-bucket", BUCKET, "--region", region, "--account-id", account]
    return run(command, environment, folder)


def show(name, measured, verified):
    _, cpu, wall, memory = measured
    print(f"  {name}: {cpu:.2f} s CPU, {wall:.2f} s, {memory:.0f} MiB", end="")
    if verified:
        print(f": {cpu / verified[1]:.2f} and {wall / verified[2]:.2f} times verify", end="")
    print(flush=True)


def main():
    reconcile, bare, aws, *cases = sys.argv[1:]
    programs = [program if program == "-" else os.path.abspath(program) for program in (reconcile, bare, aws)]
    for case in cases or ["1:1:24:1", "50:4:24:5"]:
        measure(*programs, *(int(number) for number in case.split(":")))


main()
