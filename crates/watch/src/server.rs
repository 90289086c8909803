//! The HTTP server of the status page, the probes and the metrics.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reconcile_report::watch::status_page;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::board::Board;
use crate::schedule::Schedule;
use crate::{metrics, page};

/// The maximum number of connections at once. Other connections wait.
const CONNECTIONS: usize = 64;
/// The time in which a client must send the headers of a request. The connection of a client that
/// sends nothing is then closed.
const HEADERS: Duration = Duration::from_secs(10);
/// The pause after a connection could not be accepted, for example because of too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests as long as the future is polled.
pub async fn serve(listener: TcpListener, board: Arc<Board>, schedule: Schedule) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let board = Arc::clone(&board);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let answer =
                    answer(request.method(), request.uri().path(), request.uri().query(), &board, schedule);
                async move { Ok::<_, Infallible>(answer) }
            });
            // Errors of a single connection concern only its client.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
}

/// Answers a request.
fn answer(
    method: &Method,
    path: &str,
    query: Option<&str>,
    board: &Board,
    schedule: Schedule,
) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let probe = |is_good: bool, good: &'static str, bad: &'static str| match is_good {
        true => (StatusCode::OK, TEXT, good.to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, TEXT, bad.to_owned()),
    };
    let (status, kind, body) = match path {
        _ if method != Method::GET && method != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are supported\n".to_owned())
        }
        "/healthz" => probe(board.is_alive(schedule.stuck_after()), "ok\n", "a check is stuck\n"),
        "/readyz" => probe(board.is_ready(), "ready\n", "the first check is running\n"),
        "/metrics" => match board.read(metrics::text) {
            Ok(text) => (StatusCode::OK, metrics::CONTENT_TYPE, text),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        },
        "/" => {
            let asked = page::asked(query.unwrap_or_default());
            let page = board.read(|state| status_page(&state.watched(), &asked, schedule.every));
            (StatusCode::OK, "text/html; charset=utf-8", page)
        }
        _ => (
            StatusCode::NOT_FOUND,
            TEXT,
            "not found: the pages are /, /healthz, /readyz and /metrics\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use reconcile_report::drift::SpecDrift;

    use super::*;
    use crate::board::{Done, Lead};
    use crate::change::tests::checked;
    use crate::store::Memory;

    #[test]
    fn each_path_has_its_answer() {
        let schedule = Schedule { every: Duration::from_mins(5), jitter: Duration::ZERO };
        let board = Board::default();
        board.add("specs/a.yaml", Memory::default());
        let get = |path: &str| answer(&Method::GET, path, None, &board, schedule).status().as_u16();
        let before = ["/", "/healthz", "/readyz", "/metrics", "/other"].map(get);
        assert_eq!(before, [200, 200, 503, 200, 404]);
        let drift = SpecDrift {
            spec: "specs/a.yaml".to_owned(),
            checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            result: Ok(checked("a:high")),
        };
        board.record("specs/a.yaml", Done { drift, taken: Duration::from_secs(1) });
        assert_eq!(get("/readyz"), 200);
        let post = answer(&Method::POST, "/", None, &board, schedule);
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn a_replica_on_standby_is_ready() {
        let schedule = Schedule { every: Duration::from_mins(5), jitter: Duration::ZERO };
        let board = Board::default();
        board.add("specs/a.yaml", Memory::default());
        board.lead("specs/a.yaml", Some(Lead::Other("host-2".to_owned())));
        assert_eq!(answer(&Method::GET, "/readyz", None, &board, schedule).status(), StatusCode::OK);
    }
}
