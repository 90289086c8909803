//! `reconcile-campaign`: runs seeds or crash points, and prints the broken promises with the
//! command that runs the case again.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::{Parser, ValueEnum};
use reconcile_campaign::campaign::{Figures, run_crash_points, run_garbage, run_seed, run_seeds};
use reconcile_campaign::crash::Crashes;
use reconcile_campaign::garbage::Garbled;
use reconcile_campaign::scenario::{Scenario, scenarios};
use serde_json::json;

/// The version of the JSON documents of the campaign.
const FORMAT_VERSION: &str = "1.0";

/// Simulate applies on the embedded AWS, and check the promises after every call
///
/// A seed stands for live state, a spec, the weather of AWS and perhaps a kill. Crash points kill
/// the apply of each scenario of the product before and after every call. The exit code is 1 if a
/// promise was broken.
#[derive(Debug, Parser)]
struct Args {
    /// Run this number of seeds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    seeds: u64,
    /// Begin with this seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Run one seed, and print everything about it
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "from", "crash_points", "garbage"])]
    seed: Option<u64>,
    /// Run crash points instead of seeds
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    crash_points: bool,
    /// Run only the scenarios whose name contains this text
    #[arg(long, value_name = "TEXT", requires = "crash_points")]
    scenario: Option<String>,
    /// Answer each read operation with each kind of garbage instead of running seeds
    #[arg(long, conflicts_with_all = ["seeds", "from", "crash_points"])]
    garbage: bool,
    /// Run every N-th crash point, or case of garbage, only
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
    /// Use this number of threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let done = if let Some(seed) = args.seed {
        one(seed, args.format)
    } else if args.crash_points {
        crash_points(&args, jobs)
    } else if args.garbage {
        garbage(&args)
    } else {
        many(&args, jobs)
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Runs one seed. Returns whether every promise was kept.
fn one(seed: u64, format: Format) -> std::io::Result<bool> {
    let mut out = std::io::stdout().lock();
    let (case, verdict) = run_seed(seed);
    let is_kept = verdict.as_ref().is_ok_and(|verdict| verdict.broken.is_empty());
    if format == Format::Json {
        let (verdict, error) = (verdict.as_ref().ok(), verdict.as_ref().err());
        writeln!(out, "{}", json!({ "format_version": FORMAT_VERSION, "verdict": verdict, "error": error }))?;
        return Ok(is_kept);
    }
    if let Some(case) = case {
        if let Some(earlier) = &case.earlier {
            let kill = earlier.kill.map(|call| format!(", killed after call {call}")).unwrap_or_default();
            writeln!(out, "# applied before{kill}\n{}", earlier.spec)?;
        }
        writeln!(out, "# changed by others: {:?}", case.edits)?;
        writeln!(out, "# killed after call: {:?}", case.kill)?;
        writeln!(
            out,
            "# weather: {}",
            case.weather().map_or_else(|| "calm".to_owned(), |it| it.to_string())
        )?;
        writeln!(out, "# {}\n{}", if case.task.destroy { "destroyed" } else { "applied" }, case.task.spec)?;
    }
    match verdict {
        Ok(verdict) => {
            writeln!(
                out,
                "# ended {:?} after {} applies, {} calls",
                verdict.end, verdict.attempts, verdict.calls
            )?;
            for reason in &verdict.stopped {
                writeln!(out, "  {reason}")?;
            }
            for broken in &verdict.broken {
                writeln!(out, "broken: {broken}")?;
            }
        }
        Err(error) => writeln!(out, "broken: {error}")?,
    }
    Ok(is_kept)
}

/// Runs many seeds. Returns whether every promise was kept.
fn many(args: &Args, jobs: usize) -> std::io::Result<bool> {
    let all = args.seeds;
    let mut told = 0;
    let figures = run_seeds(args.from..args.from.saturating_add(all), jobs, |figures| {
        let (done, broken, seconds) = (figures.seeds, &figures.broken, figures.seconds);
        let mut stderr = std::io::stderr();
        for broken in broken.iter().skip(told) {
            drop(writeln!(stderr, "seed {} broke a promise; replay: {}", broken.seed, broken.replay));
        }
        told = broken.len();
        if done.is_multiple_of(100) {
            drop(writeln!(stderr, "{done} of {all} seeds, {told} broken, {seconds:.0} s"));
        }
    });
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            let text = json!({ "format_version": FORMAT_VERSION, "from": args.from, "figures": figures });
            writeln!(out, "{text}")?;
        }
        Format::Text => write_figures(&mut out, &figures)?,
    }
    Ok(figures.broken.is_empty())
}

fn write_figures(out: &mut impl Write, figures: &Figures) -> std::io::Result<()> {
    for broken in &figures.broken {
        writeln!(
            out,
            "seed {} broke a promise:\n  {}\n  replay: {}\n",
            broken.seed,
            broken.promises.join("\n  "),
            broken.replay
        )?;
    }
    let ends: Vec<String> =
        figures.ends.iter().map(|(end, number)| format!("{number} {}", end.words())).collect();
    writeln!(out, "{} seeds: {}", figures.seeds, ends.join(", "))?;
    writeln!(
        out,
        "{} with weather, {} killed, {} calls, {} of which can change something, {:.0} seconds",
        figures.weather, figures.kills, figures.calls, figures.writes, figures.seconds
    )?;
    writeln!(out, "{} broke a promise", figures.broken.len())
}

/// Answers read operations with garbage. Returns whether every promise was kept.
fn garbage(args: &Args) -> std::io::Result<bool> {
    let result = run_garbage(args.every).map_err(std::io::Error::other)?;
    let mut out = std::io::stdout().lock();
    let Garbled { operations, applies, unharmed, broken } = &result;
    if args.format == Format::Json {
        let text = json!({
            "format_version": FORMAT_VERSION, "operations": operations, "applies": applies, "unharmed": unharmed, "broken": broken,
        });
        writeln!(out, "{text}")?;
    } else {
        for words in broken {
            writeln!(out, "{words}\n")?;
        }
        writeln!(
            out,
            "{operations} read operations, {applies} applies with garbage, {unharmed} of which converged at once, {} broke a promise",
            broken.len()
        )?;
    }
    Ok(broken.is_empty())
}

/// Runs the crash points of all scenarios. Returns whether every promise was kept.
fn crash_points(args: &Args, jobs: usize) -> std::io::Result<bool> {
    let mut all = scenarios()?;
    all.retain(|it| args.scenario.as_ref().is_none_or(|text| it.name.contains(text)));
    let start = std::time::Instant::now();
    let stderr = Mutex::new(std::io::stderr());
    let progress = |scenario: &Scenario, crashes: &Result<_, String>| {
        let words = match crashes {
            Ok(Crashes { calls, points, reruns, broken }) => {
                format!("{calls} calls, {points} kills, {reruns} reruns, {} broken", broken.len())
            }
            Err(error) => format!("does not succeed: {error}"),
        };
        if let Ok(mut stderr) = stderr.lock() {
            drop(writeln!(stderr, "{}: {words}", scenario.name));
        }
    };
    let results = run_crash_points(&all, args.every, jobs, progress);
    let (mut calls, mut points, mut reruns, mut broken) = (0, 0, 0, Vec::new());
    for (scenario, result) in all.iter().zip(results) {
        match result {
            Ok(crashes) => {
                (calls, points, reruns) =
                    (calls + crashes.calls, points + crashes.points, reruns + crashes.reruns);
                broken.extend(crashes.broken);
            }
            Err(error) => broken.push(format!("{}: {error}", scenario.name)),
        }
    }
    let (scenarios, seconds) = (all.len(), start.elapsed().as_secs_f64());
    let mut out = std::io::stdout().lock();
    if args.format == Format::Json {
        let text = json!({
            "format_version": FORMAT_VERSION, "scenarios": scenarios, "calls": calls, "kills": points, "reruns": reruns,
            "broken": broken, "seconds": seconds,
        });
        writeln!(out, "{text}")?;
    } else {
        for words in &broken {
            writeln!(out, "{words}\n")?;
        }
        writeln!(
            out,
            "{scenarios} scenarios with {calls} calls: {points} kills, {reruns} reruns, {} broke a promise, {seconds:.0} seconds",
            broken.len()
        )?;
    }
    Ok(broken.is_empty())
}
