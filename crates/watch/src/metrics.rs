//! The metrics of the process, in the `OpenMetrics` format that Prometheus reads, without side
//! effects.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use reconcile_plan::Finding;
use reconcile_report::drift::SpecDrift;
use reconcile_report::watch::VerificationRecord;
use reconcile_text::escape;

use crate::board::State;

/// The media type of the text. See "The `OpenMetrics` specification".
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Whole = Family<Labels, Gauge>;
type Real = Family<Labels, Gauge<f64, AtomicU64>>;
type Total = Family<Labels, Counter>;

/// The metrics as text.
///
/// # Errors
/// None in practice: every value can be written.
pub(crate) fn text(state: &State) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("reconcile");
    let (findings, accepted, leader) = (Whole::default(), Whole::default(), Whole::default());
    let (last, success, seconds) = (Real::default(), Real::default(), Real::default());
    let (checks, repairs, verifications) = (Total::default(), Total::default(), Total::default());
    let (files, verified, problems) = (Whole::default(), Whole::default(), Whole::default());
    let (last_verified, verified_seconds) = (Real::default(), Real::default());
    for (name, spec) in &state.specs {
        let of = |more: &[(&'static str, &str)]| -> Labels {
            let more = more.iter().map(|(label, value)| (*label, escaped(value)));
            std::iter::once(("spec", escaped(name))).chain(more).collect()
        };
        leader.get_or_create(&of(&[])).set(i64::from(spec.is_led_here()));
        let found = spec.drift.as_ref().map(SpecDrift::findings).unwrap_or_default();
        for ((account, kind, severity), number) in tally(found) {
            let labels = of(&[("account", account), ("kind", kind), ("severity", severity)]);
            findings.get_or_create(&labels).set(number);
        }
        if let Some(drift) = &spec.drift {
            let number = found.iter().filter(|finding| !finding.is_open()).count();
            accepted.get_or_create(&of(&[])).set(i64::try_from(number).unwrap_or(i64::MAX));
            last.get_or_create(&of(&[])).set(drift.checked_at.as_duration().as_secs_f64());
            seconds.get_or_create(&of(&[])).set(spec.last_seconds);
        }
        if let Some(at) = spec.last_success {
            success.get_or_create(&of(&[])).set(at.as_duration().as_secs_f64());
        }
        for (status, number) in &spec.checks {
            checks.get_or_create(&of(&[("status", status)])).inc_by(*number);
        }
        for (result, number) in &spec.repairs {
            repairs.get_or_create(&of(&[("result", result)])).inc_by(*number);
        }
        for (status, number) in &spec.verifications {
            verifications.get_or_create(&of(&[("status", status)])).inc_by(*number);
        }
        if let Some((VerificationRecord { at, seconds, .. }, brief)) = spec.memory.evidence.last() {
            for (kind, tally) in [("digest", brief.digests), ("log", brief.logs)] {
                files.get_or_create(&of(&[("kind", kind)])).set(whole(tally.total));
                verified.get_or_create(&of(&[("kind", kind)])).set(whole(tally.verified));
            }
            for (status, number) in [("wrong", brief.wrong), ("unknown", brief.unknown)] {
                problems.get_or_create(&of(&[("status", status)])).set(whole(number));
            }
            last_verified.get_or_create(&of(&[])).set(at.as_duration().as_secs_f64());
            verified_seconds.get_or_create(&of(&[])).set(*seconds);
        }
    }
    let (calls, retries, throttles) = (Total::default(), Total::default(), Total::default());
    for (service, counts) in &state.calls {
        let of_service = vec![("service", (*service).to_owned())];
        calls.get_or_create(&of_service).inc_by(counts.calls);
        retries.get_or_create(&of_service).inc_by(counts.retries);
        throttles.get_or_create(&of_service).inc_by(counts.throttles);
    }
    let messages = Total::default();
    for ((receiver, result), number) in &state.messages {
        let labels = vec![("receiver", escaped(receiver)), ("result", (*result).to_owned())];
        messages.get_or_create(&labels).inc_by(*number);
    }
    let build = Whole::default();
    build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);

    registry.register("build_info", "The version of the program", build);
    registry.register("findings", "Open findings of the last check", findings);
    registry.register(
        "accepted_findings",
        "Findings of the last check that the spec or the baseline accepts",
        accepted,
    );
    registry.register("leader", "Whether this process checks the spec", leader);
    registry.register("last_check_timestamp_seconds", "Time of the last check", last);
    registry.register(
        "last_success_timestamp_seconds",
        "Time of the last check that could read everything",
        success,
    );
    registry.register("check_duration_seconds", "Duration of the last check", seconds);
    registry.register("checks", "Checks by status", checks);
    registry.register("repairs", "Repairs by result", repairs);
    registry.register("verifications", "Verifications of log files by status", verifications);
    registry.register("log_files", "Digests and log files of the last verification", files);
    registry.register("verified_log_files", "Digests and log files that are verified", verified);
    registry.register("verification_findings", "Findings of the last verification", problems);
    registry.register(
        "last_verification_timestamp_seconds",
        "Time at which the last verification that had a result began",
        last_verified,
    );
    registry.register("verification_duration_seconds", "Duration of the last verification", verified_seconds);
    registry.register("aws_calls", "Calls to AWS, without retries", calls);
    registry.register("aws_retries", "Retried attempts of calls to AWS", retries);
    registry.register("aws_throttles", "Attempts that AWS throttled", throttles);
    registry.register("notifications", "Messages to receivers by result", messages);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

/// The value of a gauge.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns the escaped value of a label, because `prometheus-client` writes values without
/// escaping.
///
/// See "Escaping" in "The `OpenMetrics` specification".
fn escaped(value: &str) -> String {
    escape(value).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The number of open findings by account, kind and severity. The account is empty for a finding
/// that does not belong to an account of the spec.
fn tally(findings: &[Finding]) -> BTreeMap<(&str, &'static str, &'static str), i64> {
    let mut numbers = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.is_open()) {
        let account = finding.account.as_ref().map(|account| account.name.as_str()).unwrap_or_default();
        *numbers.entry((account, finding.kind.as_str(), finding.severity.as_str())).or_default() += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reconcile_aws::Counts;
    use reconcile_evidence::Tally;
    use reconcile_report::verify::Brief;

    use super::*;
    use crate::board::{Board, Done, Lead};
    use crate::change::tests::checked;
    use crate::evidence::tests::verification;
    use crate::store::Memory;

    #[test]
    fn every_metric_has_its_value() {
        let board = Board::default();
        for spec in ["specs/\"a\".yaml", "specs/b.yaml"] {
            board.add(spec, Memory::default());
        }
        let drift = SpecDrift {
            spec: "specs/\"a\".yaml".to_owned(),
            checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            result: Ok(checked("a:critical a1:critical b:low b1:high:accepted")),
        };
        board.record("specs/\"a\".yaml", Done { drift, taken: Duration::from_millis(1500) });
        board.repaired("specs/\"a\".yaml", Some(2));
        let brief = Brief {
            digests: Tally { total: 24, verified: 23 },
            logs: Tally { total: 48, verified: 46 },
            wrong: 2,
            unknown: 1,
        };
        let (failed, _) = verification("failed");
        let record = VerificationRecord { result: Ok(brief), ..failed.clone() };
        for record in [record, failed] {
            board.verified("specs/b.yaml", record, Vec::new());
        }
        board.lead("specs/\"a\".yaml", Some(Lead::This));
        board.lead("specs/b.yaml", Some(Lead::Other("host-2".to_owned())));
        board.count(&[("kms", Counts { calls: 7, retries: 2, throttles: 1 })].into());
        board.message("https://hooks.example.org", "delivered");
        let text = board.read(text).unwrap();
        // The values of a metric have no order.
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        lines.sort_unstable();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
