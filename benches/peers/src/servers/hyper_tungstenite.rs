//! hyper-tungstenite: tungstenite on a connection that hyper upgraded.

use std::convert::Infallible;

use http::Response;
use http_body_util::Full;
use hyper::{body::Bytes, service::service_fn};
use tokio::net::TcpListener;

use super::{
    Form,
    http1::{self, Upgrade},
    tokio_tungstenite::{config, is_data},
};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    let upgrade = move |request| async move { Ok::<_, Infallible>(upgrade(request, form)) };
    http1::serve(listener, service_fn(upgrade)).await
}

fn upgrade(mut request: Upgrade, form: Form) -> Response<Full<Bytes>> {
    let upgraded = hyper_tungstenite::upgrade(&mut request, Some(config()));
    let Ok((response, socket)) = upgraded else {
        return http1::bad_request();
    };
    tokio::spawn(async move {
        let socket = socket.await?;
        match form {
            Form::Batched | Form::Small => super::echo_batched(socket, is_data).await,
            Form::Plain => super::echo_plain(socket, is_data).await,
        }
    });
    response
}
