//! Connections to AWS that are interrupted.

use reconcile_twin::{Clock, Event, Share, Weather, WeatherKind};

use crate::support::Served;

#[test]
fn an_apply_succeeds_over_http_although_connections_break() {
    let served = Served::start();
    let project = served.project();
    let weather = Weather::calm().seeded(7).with(WeatherKind::Resets, Share::percent(8));
    served.twin.set_weather(weather.with(WeatherKind::LostAnswers, Share::percent(4)), Clock::Machine);
    project.run("apply specs/prod.yaml --yes").exits(0);
    let calls = served.twin.calls();
    for event in [Event::Reset, Event::AnswerLost] {
        assert!(calls.iter().any(|call| call.weather.contains(&event)), "{event:?}");
    }
    served.twin.set_weather(Weather::calm(), Clock::Machine);
    project.run("plan specs/prod.yaml").exits(0);
}
