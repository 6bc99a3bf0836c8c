package oidc

import (
	"crypto/x509"
	"fmt"
	"time"
)

// renewal is how long before its end a certificate should have been renewed.
const renewal = 30 * 24 * time.Hour

// certificates reports the certificate that ends first.
func (r *issuerRun) certificates(answers []answer) {
	var first *x509.Certificate
	host := ""
	for _, ans := range answers {
		if ans.tls == nil || len(ans.tls.PeerCertificates) == 0 {
			continue
		}
		chain := ans.tls.PeerCertificates
		if len(ans.tls.VerifiedChains) > 0 {
			chain = ans.tls.VerifiedChains[0]
		}
		for _, cert := range chain {
			if first == nil || cert.NotAfter.Before(first.NotAfter) {
				first, host = cert, ans.tls.ServerName
			}
		}
	}
	if first == nil {
		r.put(checkTLS, Check{Status: Skipped, Hint: "There is none: the issuer is reached over http."})
		return
	}
	left, life := time.Until(first.NotAfter), first.NotAfter.Sub(first.NotBefore)
	check := Check{Value: "valid until " + first.NotAfter.UTC().Format(time.DateOnly)}
	if host != "" { // that of an address is empty
		check.Value += " (" + said(host) + ")"
	}
	// Certificates that live for days are renewed late in their life.
	if left < min(renewal, life/3) {
		check.Status, check.Want = Warned, "30 days or more, or a third of its life"
		check.Hint = fmt.Sprintf("A certificate of the chain ends in %s. After that neither influxctl nor the cluster gets through. Renew it.", approx(left))
	}
	r.put(checkTLS, check)
}

// approx is a duration as people say it, rounded.
func approx(d time.Duration) string {
	d = d.Abs()
	for _, u := range []struct {
		size time.Duration
		noun string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= 2*u.size {
			return count(int(d.Round(u.size)/u.size), u.noun)
		}
	}
	return count(int(d.Round(time.Second)/time.Second), "second")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
