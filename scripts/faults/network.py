"""Hosts: network namespaces joined by a bridge where this user may make them, else this machine's loopback."""

import os
import shutil
import socket
import subprocess


class Loopback:
    """Every process on 127.0.0.1; no link can be cut."""

    hosts = 0
    address = "127.0.0.1"

    def __init__(self):
        with socket.socket() as a, socket.socket() as b:
            a.bind((self.address, 0))
            b.bind((self.address, 0))
            self.ports = a.getsockname()[1], b.getsockname()[1]

    def on_coordinator(self):
        return []

    def on_worker(self, number):
        return []

    def remove(self):
        pass


class Namespaces:
    """The coordinator's host and `hosts` workers' hosts, each a network namespace with a link to one bridge, which has
    a namespace of its own, so that nothing is added to this machine's network."""

    network = "10.213.78"
    address = network + ".250"
    ports = 5555, 5556

    def __init__(self, hosts):
        self.hosts = hosts
        self.prefix = f"strata-{os.getpid()}"
        self.bridge = f"{self.prefix}-br"
        ip("netns", "add", self.bridge)
        ip("-n", self.bridge, "link", "add", "br0", "type", "bridge")
        ip("-n", self.bridge, "link", "set", "br0", "up")
        self.join("c", self.address)
        for host in range(hosts):
            self.join(host, f"{self.network}.{host + 1}")

    def join(self, host, address):
        name = f"{self.prefix}-{host}"
        ip("netns", "add", name)
        ip("-n", self.bridge, "link", "add", f"p{host}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("-n", self.bridge, "link", "set", f"p{host}", "master", "br0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")

    def on_coordinator(self):
        return ["ip", "netns", "exec", f"{self.prefix}-c"]

    def on_worker(self, number):
        return ["ip", "netns", "exec", f"{self.prefix}-{number % self.hosts}"]

    def cut(self, host, silently):
        """Takes the host's link away: its interface loses the carrier, or frames just disappear."""
        if silently and shutil.which("bridge"):
            run("bridge", "-n", self.bridge, "link", "set", "dev", f"p{host}", "state", "0")
        else:
            ip("-n", self.bridge, "link", "set", f"p{host}", "down")

    def heal(self, host):
        ip("-n", self.bridge, "link", "set", f"p{host}", "up")
        if shutil.which("bridge"):
            run("bridge", "-n", self.bridge, "link", "set", "dev", f"p{host}", "state", "3")

    def remove(self):
        for name in ["c", "br", *range(self.hosts)]:
            subprocess.run(["ip", "netns", "del", f"{self.prefix}-{name}"], stderr=subprocess.DEVNULL)


def ip(*arguments):
    run("ip", *arguments)


def run(*command):
    subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)


def hosts(count):
    """`count` workers' hosts if this user may make network namespaces, and a line that says what there is."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return Loopback(), "links are not cut: that needs root and iproute2"
    try:
        namespaces = Namespaces(count)
    except subprocess.CalledProcessError as error:
        return Loopback(), f"links are not cut: {' '.join(error.cmd)}: {error.stderr.strip()}"
    return namespaces, f"{count} hosts as network namespaces"
