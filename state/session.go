package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/resource"
)

// Session is one run's hold on a state: it shows the effective state, which is
// the snapshot and what the journal adds to it, and records what the run does.
// Its methods may be called concurrently. Records that it was given are its own:
// nobody may change what they refer to.
type Session struct {
	backend Backend
	ctx     context.Context
	holder  Holder
	locked  bool
	notices []string
	// leftover: a journal is stored that is not of this run.
	leftover bool
	// interrupted is the run that left it, if it did not end by itself.
	interrupted *Begin

	mu    sync.Mutex
	world *world
	// view is what View returned last; nil after a change.
	view *State
	// run is set by Begin.
	run    *Begin
	closed bool

	// queue is what will be the next line, queued the numbers of its intents.
	queue  []json.RawMessage
	queued []uint64
	// next is the number of that line, done of the last that was dealt with.
	next, done int
	// writing: a line is being written; idle is signalled after each.
	writing bool
	idle    *sync.Cond
	// linger is how long records that nobody waits for are gathered, due the
	// timer that then has them written; nil if none is set.
	linger time.Duration
	due    *time.Timer
	// err is the first failure to write, failed the line it concerns.
	err    error
	failed int
}

// View is the effective state. It is not to be changed.
func (s *Session) View() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		s.view = s.world.state()
	}
	return s.view
}

// Object is the object at an address in the effective state; cheaper than View
// after a change.
func (s *Session) Object(a resource.Address) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.world.objects[a]
	return o, ok
}

// Target is the file at an address in the effective state.
func (s *Session) Target(a resource.Address) (Target, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.world.targets[a]
	return t, ok
}

// OpenIntents are those that were begun and are not known to be done, by this
// run or an earlier one, in the order in which they were begun.
func (s *Session) OpenIntents() []Intent { return s.View().Intents }

// Notices are sentences that the user should read.
func (s *Session) Notices() []string { return slices.Clone(s.notices) }

// Interrupted is the run that did not end by itself and left a journal, if
// there is one. Without the lock it may still be on.
func (s *Session) Interrupted() (Begin, bool) {
	if s.interrupted == nil {
		return Begin{}, false
	}
	return *s.interrupted, true
}

// Begin makes the session ready to record. It first turns a journal that
// another run left into a snapshot, so that a disk on which nothing can be
// written is known before anything is changed. The journal of this run comes
// into being with the first record: a run that does nothing leaves no trace.
func (s *Session) Begin(namespace string, servers map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.locked:
		return errors.New("state: Begin without the lock")
	case s.run != nil || s.closed:
		return errors.New("state: Begin twice, or after Close")
	}
	if s.leftover {
		if err := s.compact(); err != nil {
			return err
		}
		s.leftover = false
	}
	lineage := s.world.base.Lineage
	if lineage == "" {
		lineage = uuid.NewString()
	}
	s.run = &Begin{
		Version: Version, Run: uuid.NewString(), Lineage: lineage, Serial: s.world.base.Serial,
		Namespace: namespace, Servers: servers, Holder: s.holder,
	}
	return nil
}

// Intend records intents, with one write and one sync for all of them, and
// returns them numbered. Only when it returned nil may the changes be made.
func (s *Session) Intend(intents ...Intent) ([]Intent, error) {
	s.mu.Lock()
	numbered := slices.Clone(intents)
	records := make([]Record, len(intents))
	for i := range numbered {
		numbered[i].Seq = s.world.lastSeq + uint64(i) + 1
		records[i] = numbered[i]
	}
	line, err := s.enqueue(records)
	if err == nil {
		err = s.wait(line)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return numbered, nil
}

// Append records facts, all of them or none, with one write and one sync, and
// returns when they are durable. If writing fails they are facts all the same:
// the session keeps them, and Close tries to save them with a snapshot. An
// intent is no fact; see [Session.Intend].
func (s *Session) Append(records ...Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	line, err := s.enqueueFacts(records)
	if err != nil {
		return err
	}
	return s.wait(line)
}

// AppendSoon is Append without the wait: what is recorded within a moment goes
// into one line, as each sync costs the disk, on which the identity provider
// may be, too. It is for results, of which the loss costs a look and nothing
// else. That writing failed is told by the next Intend, Append or Flush. The
// error is about the records.
func (s *Session) AppendSoon(records ...Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.enqueueFacts(records)
	s.writeSoon()
	return err
}

// Flush waits until everything recorded is durable.
func (s *Session) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return s.err
}

// Close ends the run: it writes the snapshot if there is something new,
// drops the journal and frees the lock. If the snapshot cannot be written, the
// old one and the journal stay, which together say the same. Closing twice is
// no error.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	var err error
	if s.run != nil && s.next > 0 {
		if _, endErr := s.enqueue([]Record{End{Time: time.Now().UTC().Truncate(time.Second)}}); endErr != nil && s.err == nil {
			err = endErr
		}
		s.drain()
		err = errors.Join(err, s.compact())
		if err != nil && s.err != nil && s.err.Error() != err.Error() {
			err = errors.Join(s.err, err)
		}
	}
	s.closed = true
	if s.locked {
		err = errors.Join(err, s.backend.Unlock())
	}
	return err
}

// enqueueFacts is enqueue for everything but intents.
func (s *Session) enqueueFacts(records []Record) (line int, err error) {
	for _, r := range records {
		switch r.(type) {
		case Intent, Begin, End:
			return 0, fmt.Errorf("state: Append of a %T", r)
		}
	}
	return s.enqueue(s.news(records))
}

// news leaves out the objects that the state has already: most that are read back
// are as the result said. What comes after another record about the same object,
// or after one that may be, stays.
func (s *Session) news(records []Record) []Record {
	told, unclear := map[resource.Address]bool{}, false
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool {
		put, is := r.(Put)
		if !is {
			unclear = true
			return false
		}
		if !unclear && !told[put.Object.Address] && s.world.says(put.Object) {
			return true
		}
		told[put.Object.Address] = true
		return false
	})
}

// enqueue adds records to the effective state and to the next line, whose
// number it returns. A record is not read back from its encoded form: that both
// say the same, to the last byte, is what TestRandomHistories holds.
func (s *Session) enqueue(records []Record) (line int, err error) {
	if s.run == nil || s.closed {
		return 0, errors.New("state: recording before Begin or after Close")
	}
	if len(records) == 0 {
		return s.done, nil
	}
	if s.next == 0 {
		records = append([]Record{*s.run}, records...)
	}
	encoded, errs := make([]json.RawMessage, len(records)), make([]error, len(records))
	parallel.Each(len(records), func(i int) { encoded[i], errs[i] = encodeRecord(records[i]) })
	var intents []uint64
	for i, r := range records {
		if intent, is := r.(Intent); is {
			if s.err != nil {
				s.world.rollback()
				return 0, s.err
			}
			intents = append(intents, intent.Seq)
		}
		err := errs[i]
		if err == nil {
			err = s.world.apply(records[i])
		}
		if err != nil {
			s.world.rollback()
			return 0, fmt.Errorf("state: record %T: %w", r, err)
		}
	}
	s.world.commit()
	s.view = nil
	s.queue, s.queued = append(s.queue, encoded...), append(s.queued, intents...)
	s.next = max(s.next, 1)
	return s.next, nil
}

// write writes the next line, unless one is being written: what waits for
// another one calls it again.
func (s *Session) write() {
	if s.writing || len(s.queue) == 0 {
		return
	}
	if s.due != nil {
		s.due.Stop()
		s.due = nil
	}
	line, queue, intents := s.next, s.queue, s.queued
	s.next, s.queue, s.queued = s.next+1, nil, nil
	if s.err == nil {
		s.writing = true
		s.mu.Unlock()
		err := s.backend.Append(s.ctx, encodeLine(line, queue))
		s.mu.Lock()
		s.writing = false
		if err != nil {
			s.err, s.failed = err, line
		}
	}
	if s.err != nil {
		for _, seq := range intents {
			s.world.withdraw(seq)
		}
		s.view = nil
	}
	s.done = line
	s.idle.Broadcast()
	s.writeSoon()
}

// writeSoon sees to it that what is queued is written although nobody waits.
func (s *Session) writeSoon() {
	if s.due != nil || s.writing || len(s.queue) == 0 {
		return
	}
	s.due = time.AfterFunc(s.linger, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.due = nil
		s.write()
	})
}

// wait has a line written, or waits until it is.
func (s *Session) wait(line int) error {
	for s.done < line {
		if s.writing {
			s.idle.Wait()
		} else {
			s.write()
		}
	}
	if s.err != nil && line >= s.failed {
		return s.err
	}
	return nil
}

// drain has everything written.
func (s *Session) drain() {
	for s.writing || len(s.queue) > 0 {
		if s.writing {
			s.idle.Wait()
		} else {
			s.write()
		}
	}
}

// compact makes the effective state the snapshot, and drops the journal. If
// nothing came of the journal, not even its run's name is kept.
func (s *Session) compact() error {
	stored := s.world.state()
	if s.world.changes(stored) {
		data, err := stored.Encode()
		if err != nil {
			return err
		}
		if err := s.backend.Replace(s.ctx, data); err != nil {
			return err
		}
	} else {
		if err := s.backend.Discard(s.ctx); err != nil {
			return err
		}
		stored = s.world.base
	}
	s.world = newWorld(stored)
	s.view = nil
	return nil
}
