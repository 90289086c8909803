"""Measures `reconcile verify` beside `aws cloudtrail validate-logs`, on the same served bucket of a sandbox.

    python3 crates/evidence/measure.py target/release/reconcile aws [HOURS FILES]...

For each pair of a number of hours and of log files in each hour, three accounts with 17 Regions each deliver into the sandbox. The
script prints, for one trail and Region and for all of them: the files, the CPU time and the wall time of both programs, the largest
memory of `verify`, and the ratios. Use a release build and an idle machine.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SPEC = pathlib.Path(__file__).resolve().parents[2] / "specs/prod.yaml"
BUCKET, REGION, UNTIL = "secprod-multiaccount-logs", "us-east-1", "2026-02-28T00:00:00Z"
TRAILS = {"111111111111": "SecurityTrailMaster", "222222222222": "SecurityTrail", "333333333333": "SecurityTrail"}


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


def measure(reconcile, aws, hours, files):
    with tempfile.TemporaryDirectory() as folder:
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}

        def call(*words):
            return run([reconcile, *words], environment, folder)

        call("apply", str(SPEC), "--yes", "--sandbox")
        deliver = ["--hours", str(hours + 1), "--files", str(files), "--until", UNTIL]
        call("sandbox", "deliver", str(SPEC), *deliver)
        serve = subprocess.Popen(
            [reconcile, "sandbox", "serve", "--port", "0"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
        )
        try:
            exports = [serve.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3)]
            environment |= dict(exports)
            seconds = subprocess.check_output(["date", "-u", "-d", f"{UNTIL} {hours} hours ago", "+%FT%TZ"], text=True)
            since = seconds.strip()
            verify = ["verify", str(SPEC), "--from", since, "--to", UNTIL, "--format", "json"]

            def validate(account, region):
                arn = f"arn:aws:cloudtrail:{REGION}:{account}:trail/{TRAILS[account]}"
                return run(
                    [aws, "cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", since, "--end-time", UNTIL]
                    + ["--s3-bucket", BUCKET, "--region", region, "--account-id", account],
                    environment,
                    folder,
                )

            one = call(*verify, "--account", "production", "--in-region", REGION)
            show("one trail and Region", one, validate("222222222222", REGION))
            everything = call(*verify)
            show("all of them", everything, None)
        finally:
            serve.terminate()
            serve.wait()


def show(name, ours, theirs):
    text, cpu, wall, memory = ours
    document = json.loads(text)
    digests, logs = document["digests"]["verified"], document["logs"]["verified"]
    print(f"{name}: {digests} digests, {logs} log files: verify {cpu:.2f} s CPU, {wall:.2f} s, {memory:.0f} MiB", end="")
    if theirs:
        _, their_cpu, their_wall, _ = theirs
        print(f"; AWS CLI {their_cpu:.2f} s CPU, {their_wall:.2f} s: {their_cpu / cpu:.0f} and {their_wall / wall:.1f} times", end="")
    print(flush=True)


def main():
    reconcile, aws, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers] or [24, 4]
    for hours, files in zip(numbers[::2], numbers[1::2]):
        print(f"{hours} hours, {files} log files an hour")
        measure(os.path.abspath(reconcile), aws, hours, files)


main()
