//! The reference: copies bytes back, and parses nothing.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::Error;

const BUFFER: usize = 64 << 10;

pub(super) async fn serve(listener: TcpListener) -> Result<(), Error> {
    loop {
        let stream = super::accept(&listener).await?;
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let len = stream.read(&mut buffer).await?;
        if len == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..len]).await?;
    }
}
