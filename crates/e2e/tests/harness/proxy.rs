//! A network between Backfill and a server that can be made to fail.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use socket2::SockRef;
use url::Url;

/// How long a wire that is held looks away before it looks again.
const GLANCE: Duration = Duration::from_millis(5);

/// Hands on what it receives, in both directions, until it is told otherwise. Dropped, it cuts every connection.
pub(crate) struct Proxy {
    port: u16,
    network: Arc<Network>,
}

#[derive(Default)]
struct Network {
    /// Nothing arrives, and nobody is told.
    is_dark: AtomicBool,
    /// Little arrives at a time.
    is_slow: AtomicBool,
    is_gone: AtomicBool,
    ends: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// In front of the server that a URL names.
    pub(crate) fn to(server: &Url) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = server.socket_addrs(|| None).unwrap()[0];
        let network = Arc::new(Network::default());
        let accepting = network.clone();
        thread::spawn(move || accept(&listener, server, &accepting));
        Self { port, network }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Resets every connection.
    pub(crate) fn cut(&self) {
        self.network.cut();
    }

    /// Holds back all that is sent for a while, as a network that has lost its way.
    pub(crate) fn darken(&self, time: Duration) {
        self.network.is_dark.store(true, Ordering::Relaxed);
        thread::sleep(time);
        self.network.is_dark.store(false, Ordering::Relaxed);
    }

    /// Lets little through at a time, for a while.
    pub(crate) fn slow_down(&self, time: Duration) {
        self.network.is_slow.store(true, Ordering::Relaxed);
        thread::sleep(time);
        self.network.is_slow.store(false, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.is_gone.store(true, Ordering::Relaxed);
        self.network.cut();
        // Wakes the thread that accepts, which then ends.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Network {
    fn cut(&self) {
        for end in self.ends.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Closed without a word. One that has ended already has nothing to lose.
            let _ = SockRef::from(&end).set_linger(Some(Duration::ZERO));
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        // A server that is down refuses the client as well.
        let server = TcpStream::connect(server)?;
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.extend([client.try_clone()?, server.try_clone()?]);
        for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
            let network = self.clone();
            thread::spawn(move || network.hand_on(from, to));
        }
        Ok(())
    }

    /// Until either end is gone; then the other is told.
    fn hand_on(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let is_slow = self.is_slow.load(Ordering::Relaxed);
            let most = if is_slow { 512 } else { buffer.len() };
            let Ok(read @ 1..) = from.read(&mut buffer[..most]) else { break };
            if is_slow {
                thread::sleep(GLANCE);
            }
            while self.is_dark.load(Ordering::Relaxed) {
                thread::sleep(GLANCE);
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, network: &Arc<Network>) {
    for client in listener.incoming() {
        if network.is_gone.load(Ordering::Relaxed) {
            break;
        }
        if let Ok(client) = client {
            // Where this fails, the client's end is closed.
            let _ = network.connect(client, server);
        }
    }
}
