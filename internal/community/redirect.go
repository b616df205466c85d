package community

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// validRedirect takes out of band, the web, and the schemes of native applications: not those that a browser runs or
// that belong to another program.
func validRedirect(s string) bool {
	if s == OutOfBand {
		return true
	}
	u, err := url.Parse(s)
	if err != nil || strings.Contains(s, "#") || len(s) > maxRedirectURIs || u.User != nil {
		return false
	}
	switch {
	case u.Scheme == "":
		return false
	case u.Scheme == "http" || u.Scheme == "https":
		return u.Host != ""
	}
	return !foreignScheme(u.Scheme)
}

// sameRedirect reports whether a client that registered one redirect URI may ask for the other: the same one, or on the
// loopback interface the same with another port, which a native application gets from the system when it starts
// (RFC 8252, 7.3).
func sameRedirect(registered, asked string) bool {
	if registered == asked {
		return true
	}
	r, ok := withoutLoopbackPort(registered)
	if !ok {
		return false
	}
	a, ok := withoutLoopbackPort(asked)
	return ok && a == r
}

// withoutLoopbackPort returns a redirect URI without its port if it is one of the loopback interface.
func withoutLoopbackPort(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" || !validRedirect(s) {
		return "", false
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !address.IsLoopback()) {
		return "", false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", false
		}
	}
	u.Host = host
	return u.String(), true
}

// foreignScheme tells whether a scheme is known to be something else than one application's own.
func foreignScheme(scheme string) bool {
	if foreignSchemes[scheme] {
		return true
	}
	for _, prefix := range foreignPrefixes {
		if strings.HasPrefix(scheme, prefix) {
			return true
		}
	}
	return false
}

// foreignPrefixes begin the schemes of browsers' insides, and of the commands that Windows and its programs take.
var foreignPrefixes = []string{"chrome-", "moz-", "safari-", "edge-", "ms-", "web+", "view-", "x-apple", "x-safari", "x-web-search", "search-", "vnd."}

// foreignSchemes are what browsers run, show or keep for themselves, and the schemes of IANA's registry and of everyday
// systems that start another program: mail, telephone, shops, file systems, remote shells.
var foreignSchemes = func() map[string]bool {
	set := map[string]bool{}
	for _, scheme := range strings.Fields(`
		about blob brave chrome data devtools edge feed filesystem jar javascript livescript mhtml mk mocha opera resource
		res its vbscript vivaldi wyciwyg firefox microsoft-edge googlechrome googlechromes
		acap acct acr adiumxtra afp afs aim apt attachment aw barion beshare bitcoin bitcoincash blob bolo callto cap cast cid
		coap coaps content crid cvs dab dav dict dntp dns doi drm dtn dvb ed2k ethereum facetime facetime-audio file finger fish
		fm ftp ftps geo gg git gizmoproject go gopher gtalk h323 ham hcp hcap help hxxp hxxps iax icap icon im imap imaps info
		intent iotdisco ipfs ipn ipns ipp ipps irc irc6 ircs iris itms itms-apps itms-appss itmss jabber jms keyparc lastfm ldap
		ldaps lpa magnet mailserver mailto maps market message mid mms modem monero mongodb moz msnim msrp msrps mtqp mumble
		mupdate mysql nfs ni nih nntp news notes ocf oid onenote opaquelocktoken openpgp4fpr pack palm paparazzi payto pkcs11
		platform pop pop3 postgres postgresql pres prospero proxy psyc pwid qb query redis rediss reload rmi rsync rtmp rtsp
		rtspu secondlife service session sftp sgn shell shortcuts shttp sieve sip sips skype smb sms smtp snews snmp soap.beep
		soap.beeps spotify ssh steam stun stuns submit svn swh tag teamspeak tel teliaeid telnet tftp thismessage tip tn3270
		turn turns tv udp unreal urn ut2004 ventrilo videotex vemmi vnc wais webcal widget wpid ws wss wtai xcon
		anydesk cursor discord git-client github-mac itms-services jetbrains line macappstore macappstores msteams onepassword
		android-app app-prefs applescript bingmaps calculator ghelp man microsoft-edge-holographic netdoc outlookmail prefs putty
		rdp read recent trash workflow x-help x-man-page x-radar
		rustdesk sgnl slack sourcetree teamviewer10 tg viber vscode vscode-insiders vscodium whatsapp windsurf zoommtg zoomphonecall zoomus
		xcon-userid xfire xmlrpc.beep xmlrpc.beeps xmpp xri ymsgr z39.50 z39.50r z39.50s`) {
		set[scheme] = true
	}
	return set
}()
