package outward

import (
	"net/netip"
	"testing"
)

// covers ML08
func TestInside(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": false, "1.1.1.1": false, "172.15.255.255": false, "172.32.0.1": false, "100.63.255.255": false, "100.128.0.1": false,
		"192.0.1.1": false, "198.17.0.1": false, "223.255.255.255": false, "168.63.129.15": false,
		"2606:4700::1111": false, "2a00:1450:4001::1": false, "2001:4860:4860::8888": false, "3ffe::1": false,
		"64:ff9b::808:808": false, "::ffff:8.8.8.8": false,

		"0.0.0.0": true, "0.1.2.3": true, "10.0.0.1": true, "10.255.255.255": true, "100.64.0.1": true, "100.100.100.200": true, "100.127.255.255": true,
		"127.0.0.1": true, "127.255.0.9": true, "169.254.169.254": true, "172.16.0.1": true, "172.31.255.255": true, "192.0.0.192": true,
		"192.0.2.1": true, "192.88.99.1": true, "192.168.1.1": true, "198.18.0.1": true, "198.19.255.255": true, "198.51.100.7": true,
		"203.0.113.9": true, "224.0.0.1": true, "239.255.255.250": true, "240.0.0.1": true, "255.255.255.255": true, "168.63.129.16": true,

		"::": true, "::1": true, "::7f00:1": true, "::ffff:127.0.0.1": true, "::ffff:10.0.0.1": true, "::ffff:169.254.169.254": true,
		"::ffff:0:7f00:1": true, "64:ff9b::7f00:1": true, "64:ff9b::a9fe:a9fe": true, "64:ff9b::a00:1": true, "64:ff9b:1::808:808": true,
		"100::1": true, "2001::1": true, "2001:0:7f00:1::": true, "2001:db8::1": true, "2002:7f00:1::": true, "2002:808:808::1": true, "3fff::1": true,
		"5f00::1": true, "fc00::1": true, "fd00:ec2::254": true, "fe80::1": true, "febf::1": true, "fec0::1": true, "ff02::1": true, "fe80::1%eth0": true,
		"2606:4700::1111%eth0": true,
	} {
		if got := inside(netip.MustParseAddr(address), nil); got != want {
			t.Errorf("%s: inside %t, want %t", address, got, want)
		}
	}
	if !inside(netip.Addr{}, nil) {
		t.Error("no address at all is outside")
	}
}

func TestAllow(t *testing.T) {
	allow := prefixes("10.1.0.0/16", "fd00:1::/32")
	for address, want := range map[string]bool{
		"10.1.2.3": false, "::ffff:10.1.2.3": false, "64:ff9b::a01:203": false, "fd00:1::5": false,
		"10.2.0.1": true, "fd00:2::5": true, "127.0.0.1": true, "fd00:1::5%eth0": true, "8.8.8.8": false,
	} {
		if got := inside(netip.MustParseAddr(address), allow); got != want {
			t.Errorf("%s: inside %t, want %t", address, got, want)
		}
	}
}
