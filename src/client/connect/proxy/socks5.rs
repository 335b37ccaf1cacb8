//! Tunnels by SOCKS 5 (RFC 1928).

use std::{io, net::IpAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ProxyError, credentials::Credentials};
use crate::client::connect::transport::Io;

const VERSION: u8 = 5;
/// Section 3: ways to tell who asks.
const NOBODY: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
/// Section 4.
const CONNECT: u8 = 1;
/// Section 5: kinds of addresses.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks the proxy at the other end for a tunnel to this host and port, and gives the transport
/// back. Nothing behind the proxy's reply is read.
pub(super) async fn tunnel<T: Io>(
    mut io: T,
    (host, port): (&str, u16),
    credentials: Option<&Credentials>,
) -> Result<T, ProxyError> {
    let secret = credentials.map(Credentials::socks).transpose();
    let secret = secret.map_err(ProxyError::Credentials)?;
    authenticate(&mut io, secret).await?;
    let request = request(host, port).map_err(ProxyError::Io)?;
    io.write_all(&request).await.map_err(failed)?;
    io.flush().await.map_err(failed)?;
    // Section 6.
    let [version, reply, _, kind] = read(&mut io).await?;
    check_version(version)?;
    if reply != 0 {
        return Err(ProxyError::SocksRefused(reply));
    }
    // The address that the proxy connects from, and its port, tell nothing.
    match kind {
        IPV4 => read::<6>(&mut io).await.map(drop)?,
        IPV6 => read::<18>(&mut io).await.map(drop)?,
        NAME => {
            let [len] = read(&mut io).await?;
            let mut rest = vec![0; usize::from(len) + 2];
            io.read_exact(&mut rest).await.map_err(failed)?;
        }
        _ => return Err(ProxyError::Answer("it has an unknown type of address")),
    }
    Ok(io)
}

/// Section 3; RFC 1929.
async fn authenticate<T: Io>(io: &mut T, secret: Option<Vec<u8>>) -> Result<(), ProxyError> {
    let offer: &[u8] = match secret {
        Some(_) => &[VERSION, 2, NOBODY, USER_AND_PASSWORD],
        None => &[VERSION, 1, NOBODY],
    };
    io.write_all(offer).await.map_err(failed)?;
    io.flush().await.map_err(failed)?;
    let [version, way] = read(io).await?;
    check_version(version)?;
    match (way, secret) {
        (NOBODY, _) => Ok(()),
        (USER_AND_PASSWORD, Some(secret)) => {
            io.write_all(&secret).await.map_err(failed)?;
            io.flush().await.map_err(failed)?;
            match read(io).await? {
                [_, 0] => Ok(()),
                _ => Err(ProxyError::SocksCredentials),
            }
        }
        (0xFF, _) => Err(ProxyError::SocksCredentials),
        _ => Err(ProxyError::Answer("it chose a way that was not offered")),
    }
}

/// Section 4: names are looked up by the proxy.
fn request(host: &str, port: u16) -> io::Result<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "the host is too long");
            request.push(NAME);
            request.push(u8::try_from(host.len()).map_err(too_long)?);
            request.extend(host.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

async fn read<const LEN: usize>(io: &mut impl Io) -> Result<[u8; LEN], ProxyError> {
    let mut bytes = [0; LEN];
    io.read_exact(&mut bytes).await.map_err(failed)?;
    Ok(bytes)
}

fn failed(error: io::Error) -> ProxyError {
    let kind = error.kind();
    ProxyError::Io(match kind {
        io::ErrorKind::UnexpectedEof => io::Error::new(kind, "the proxy closed the connection"),
        _ => error,
    })
}

const fn check_version(version: u8) -> Result<(), ProxyError> {
    match version {
        VERSION => Ok(()),
        _ => Err(ProxyError::Answer("it is not of SOCKS 5")),
    }
}
