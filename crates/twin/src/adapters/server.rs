//! The twin as an HTTP server, for clients of any make.

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::fault::Fault;
use crate::services;
use crate::twin::Twin;
use crate::weather::Broken;

impl Twin {
    /// Answers HTTP/1 requests for as long as it is polled.
    ///
    /// # Errors
    /// Where no more connections can be taken.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let twin = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| answer(twin.clone(), request));
                // What a client does wrong on its connection is its own affair.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

async fn answer(
    twin: Twin,
    request: http::Request<Incoming>,
) -> std::io::Result<http::Response<Full<bytes::Bytes>>> {
    let (parts, body) = request.into_parts();
    let response = match body.collect().await {
        Ok(body) => twin.handle_and_save(http::Request::from_parts(parts, body.to_bytes())).await,
        Err(error) => Ok(services::unavailable(&Fault::bad("IncompleteBody", error.to_string()))),
    };
    // An error closes the connection without an answer.
    match response {
        Ok(response) => Ok(response.map(Full::new)),
        Err(Broken::Reset | Broken::Hung) => Err(std::io::ErrorKind::ConnectionReset.into()),
    }
}
