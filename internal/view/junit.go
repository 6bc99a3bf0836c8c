package view

import (
	"encoding/xml"
	"io"
	"strings"
)

// Suite is what was checked of one subject.
type Suite struct {
	// Subject is a line: "cluster.production".
	Subject string
	Checks  []Check
	// Error is why nothing, or not everything, could be checked; may be empty.
	Error string
}

// The elements of a JUnit report, in the form that CI systems read: Jenkins,
// GitLab, GitHub's actions.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitOutcome `xml:"failure"`
		Error   *junitOutcome `xml:"error"`
		Skipped *junitOutcome `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes suites as a JUnit report: a suite for each subject, a case for each
// check. A warning passes, and says so in its output.
func JUnit(w io.Writer, command string, suites []Suite) error {
	report := junitReport{Name: xmlText(command)}
	for _, s := range suites {
		suite := junitSuite{Name: xmlText(s.Subject)}
		for _, c := range s.Checks {
			one := junitCaseOf(s.Subject, c)
			switch {
			case one.Failure != nil:
				suite.Failures++
			case one.Skipped != nil:
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, one)
		}
		if s.Error != "" {
			suite.Errors++
			suite.Cases = append(suite.Cases, junitCase{
				Class: xmlText(s.Subject), Name: xmlText(command), Error: &junitOutcome{Message: xmlText(s.Error)},
			})
		}
		suite.Tests = len(suite.Cases)
		report.Tests += suite.Tests
		report.Failures += suite.Failures
		report.Errors += suite.Errors
		report.Skipped += suite.Skipped
		report.Suites = append(report.Suites, suite)
	}
	raw, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(raw)+"\n")
	return err
}

// junitCaseOf is one check. Its name has the id in it, which stays the same from
// one version to the next.
func junitCaseOf(subject string, c Check) junitCase {
	one := junitCase{Class: xmlText(subject), Name: xmlText(c.Name + " (" + c.ID + ")")}
	switch c.Status {
	case Failed:
		one.Failure = outcome(c)
	case Skipped:
		one.Skipped = &junitOutcome{Message: xmlText(strings.TrimSpace(c.Value + " " + c.Hint))}
	case Warned:
		o := outcome(c)
		one.Out = strings.TrimSpace("warned: " + o.Message + "\n" + o.Text)
	default:
		one.Out = xmlText(c.Value)
	}
	return one
}

// outcome says what was found, and below it what was wanted and what to do.
func outcome(c Check) *junitOutcome {
	var text []string
	if c.Want != "" {
		text = append(text, "wanted: "+c.Want)
	}
	if c.Hint != "" {
		text = append(text, c.Hint)
	}
	message := c.Value
	if message == "" {
		message = c.Hint
	}
	if message == "" {
		message = c.Name
	}
	return &junitOutcome{Message: xmlText(message), Text: xmlText(strings.Join(text, "\n"))}
}

// xmlText makes a text fit for XML 1.0, which has no place for most control
// characters, not even escaped (section 2.2), and for whoever prints the report:
// what could command a terminal, or turn text around, is taken out line by line.
func xmlText(s string) string { return strings.TrimSpace(cleanLines(s)) }
