//! What the servers have in common.

use axum::Router;

/// Serves on a port that is free, which the first line of the output tells.
pub async fn serve(app: Router) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    axum::serve(listener, app).await.unwrap();
}
