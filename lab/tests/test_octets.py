# SPDX-License-Identifier: BSD-2-Clause
"""What peers and benches are made of, against examples of the RFCs."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from roamlab import octets  # noqa: E402


def test_checksum():
    assert octets.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xffff - 0xddf2     # RFC 1071 3
    assert octets.checksum(b"\1") == 0xfeff
    assert octets.checksum(b"\xff" * 20) == 0


def test_an_upper_layer_s_checksum_makes_the_sum_zero():
    src, dst, data = "2001:db8::1", "2001:db8::2", b"odd"
    body = octets.udp6(src, dst, 1000, 2000, data)
    assert body[:6] == bytes.fromhex("03e807d0000b") and body[8:] == data
    assert octets.checksum6(src, dst, octets.UDP, body) == 0
    packet = octets.ip6(src, dst, octets.UDP, body, 9)
    assert packet[:8] == bytes.fromhex("60000000000b1109") and packet[8:40] == octets.packed(src) + octets.packed(dst)


def test_identifier_of_a_link_layer_address():
    assert octets.eui64(octets.mac("34:56:78:9a:bc:de")).hex() == "365678fffe9abcde"  # RFC 4291 appendix A
    assert octets.autoconfigured("fe80::", "02:00:00:00:00:07") == "fe80::ff:fe00:7"
    assert octets.multicast_mac("ff02::1:ff00:7").hex() == "3333ff000007"


def test_ntp():
    assert octets.ntp_stamp(0).hex() == "83aa7e8000000000"
    assert octets.ntp_stamp(0.5).hex() == "83aa7e8080000000"
    assert octets.ntp_stamp(2**32 - octets.NTP_1970 + 1).hex() == "0000000100000000"   # its first era is over
