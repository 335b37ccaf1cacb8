//! soketto: its own handshake, on a buffered transport, with the loop of its example.
//!
//! It leaves the check of UTF-8 to the caller, and the example does it. Batched, the
//! transport flushes before a read waits, instead of the loop after each message.

use soketto::{
    Data,
    connection::{Error as SokettoError, Receiver, Sender},
    handshake::{Server, server::Response},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufWriter},
    net::{TcpListener, TcpStream},
};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::{
    Form, MAX_MESSAGE,
    on_pending::{BUFFER, FlushOnPending},
};
use crate::Error;

type Reader<S> = futures::io::BufReader<Compat<S>>;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let stream = super::accept(&listener).await?;
        tokio::spawn(async move {
            match form {
                Form::Batched | Form::Small => batched(stream).await,
                Form::Plain => plain(stream).await,
            }
        });
    }
}

async fn batched(stream: TcpStream) -> Result<(), Error> {
    let (mut sender, mut receiver) = accept(FlushOnPending::new(stream), BUFFER).await?;
    let mut message = Vec::new();
    while let Some(data) = receive(&mut receiver, &mut message).await? {
        send(&mut sender, data, &mut message).await?;
    }
    Ok(())
}

async fn plain(stream: TcpStream) -> Result<(), Error> {
    let (mut sender, mut receiver) = accept(BufWriter::new(stream), 8 << 10).await?;
    let mut message = Vec::new();
    while let Some(data) = receive(&mut receiver, &mut message).await? {
        send(&mut sender, data, &mut message).await?;
        sender.flush().await?;
    }
    Ok(())
}

async fn accept<S>(
    stream: S,
    read_buffer: usize,
) -> Result<(Sender<Reader<S>>, Receiver<Reader<S>>), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reader = futures::io::BufReader::with_capacity(read_buffer, stream.compat());
    let mut server = Server::new(reader);
    let key = server.receive_request().await?.key();
    let accept = Response::Accept {
        key,
        protocol: None,
    };
    server.send_response(&accept).await?;
    let mut builder = server.into_builder();
    builder.set_max_message_size(MAX_MESSAGE);
    builder.set_max_frame_size(MAX_MESSAGE);
    Ok(builder.finish())
}

async fn receive<S>(
    receiver: &mut Receiver<Reader<S>>,
    message: &mut Vec<u8>,
) -> Result<Option<Data>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    message.clear();
    match receiver.receive_data(message).await {
        Ok(data) => Ok(Some(data)),
        Err(SokettoError::Closed) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn send<S>(
    sender: &mut Sender<Reader<S>>,
    data: Data,
    message: &mut Vec<u8>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if data.is_text() {
        sender.send_text(std::str::from_utf8(message)?).await?;
    } else {
        sender.send_binary_mut(message).await?;
    }
    Ok(())
}
