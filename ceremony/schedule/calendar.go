package schedule

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Calendar is the schedule as an iCalendar object (RFC 5545): an all-day event
// for each day by which people sign, and for each expiry of what people sign.
// An event keeps its UID for as long as it is about the same payload, so that a
// calendar that reads the schedule again moves nothing and doubles nothing.
func (s *Schedule) Calendar() []byte {
	c := calendar{stamp: s.At}
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Conclave//status//EN")
	c.line("CALSCALE", "GREGORIAN")
	for _, d := range s.Roles {
		if d.Online {
			continue // a program renews it
		}
		next := fmt.Sprintf("%s %d", d.Role, d.Version+1)
		c.event("sign", d.Payload, d.SignBy,
			s.prefix()+"sign "+next,
			fmt.Sprintf("%s expires on %s. Its successor needs %d of these: %s.",
				d.what(), d.Expires.UTC().Format(time.DateOnly), d.Threshold, strings.Join(d.Signers, ", ")))
		c.event("expires", d.Payload, d.Expires,
			s.prefix()+d.what()+" expires",
			"Clients refuse it from then on: "+d.Expires.UTC().Format(time.RFC3339)+".")
	}
	for _, o := range s.Missing {
		text := o.Quorum.String() + ". Can still sign: " + strings.Join(o.From, ", ") + "."
		if o.Problem != "" {
			text = o.Problem
		}
		c.event("missing", o.Payload, o.SignBy, fmt.Sprintf("%s%s %d lacks signatures", s.prefix(), o.Role, o.Version), text)
	}
	c.line("END", "VCALENDAR")
	return []byte(c.b.String())
}

func (s *Schedule) prefix() string {
	if s.Trust == "" {
		return "TUF: "
	}
	return s.Trust + ": "
}

func (d Role) what() string { return fmt.Sprintf("%s %d", d.Role, d.Version) }

type calendar struct {
	b     strings.Builder
	stamp time.Time
}

// event is an all-day event (RFC 5545, 3.6.1).
func (c *calendar) event(kind string, payload metadata.Digest, on time.Time, summary, description string) {
	c.line("BEGIN", "VEVENT")
	c.line("UID", eventID(kind, payload))
	c.line("DTSTAMP", c.stamp.UTC().Format("20060102T150405Z"))
	c.line("DTSTART;VALUE=DATE", on.UTC().Format("20060102"))
	c.line("SUMMARY", calendarText(summary))
	c.line("DESCRIPTION", calendarText(description))
	c.line("TRANSP", "TRANSPARENT")
	c.line("END", "VEVENT")
}

// eventID is a UUID made from a name (RFC 9562, 5.8), as RFC 7986 wants UIDs.
func eventID(kind string, payload metadata.Digest) string {
	id := metadata.Sum([]byte("conclave: " + kind + " " + payload.String()))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

// calendarText is a value of the type TEXT (RFC 5545, 3.3.11).
func calendarText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `;`, `\;`, `,`, `\,`).Replace(text.Safe(s))
}

const maxCalendarLine = 75 // octets, without the line break (RFC 5545, 3.1)

// line writes a content line, folded between characters.
func (c *calendar) line(name, value string) {
	line := name + ":" + value
	room := maxCalendarLine
	for len(line) > room {
		end := room
		for !utf8.RuneStart(line[end]) {
			end--
		}
		c.b.WriteString(line[:end] + "\r\n ")
		line, room = line[end:], maxCalendarLine-1 // the blank counts
	}
	c.b.WriteString(line + "\r\n")
}
