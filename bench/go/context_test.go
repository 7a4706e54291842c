// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)

// Package bench does with Go's context what tree.cpp does with asioctx.
package bench

import (
	"context"
	"fmt"
	"math/rand"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

type key struct{ n int }

const (
	many     = 1_000_000
	children = 100_000
	timeout  = 30 * time.Second
)

func BenchmarkP3(b *testing.B) {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		_, c := context.WithCancel(parent)
		c()
	}
}

func BenchmarkP4(b *testing.B) {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		_, c := context.WithTimeout(parent, timeout)
		c()
	}
}

// perItem reports nanoseconds per item in the place of those per iteration.
func perItem(b *testing.B, d time.Duration, n int) {
	b.ReportMetric(float64(d.Nanoseconds())/float64(n*b.N), "ns/op")
}

func BenchmarkP5(b *testing.B) {
	create := func() []context.CancelFunc {
		all := make([]context.CancelFunc, many)
		for i := range all {
			_, all[i] = context.WithTimeout(context.Background(), timeout)
		}
		return all
	}
	parts := []struct {
		name   string
		order  func() []int
		create bool
	}{
		{"create", nil, true},
		{"cancel_in_order", func() []int {
			order := make([]int, many)
			for i := range order {
				order[i] = i
			}
			return order
		}, false},
		{"cancel_at_random", func() []int {
			return rand.New(rand.NewSource(1)).Perm(many)
		}, false},
	}
	for _, p := range parts {
		b.Run(p.name, func(b *testing.B) {
			var total time.Duration
			for i := 0; i < b.N; i++ {
				start := time.Now()
				all := create()
				if p.create {
					total += time.Since(start)
				}
				order := []int{}
				if p.order != nil {
					order = p.order()
				}
				start = time.Now()
				for _, j := range order {
					all[j]()
				}
				if !p.create {
					total += time.Since(start)
				}
				for _, c := range all {
					c()
				}
			}
			perItem(b, total, many)
		})
	}
	b.Run("bytes", func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		all := create()
		runtime.GC()
		runtime.ReadMemStats(&after)
		for _, c := range all {
			c()
		}
		b.ReportMetric(float64(after.Alloc-before.Alloc)/many, "ns/op")
	})
}

func BenchmarkP6(b *testing.B) {
	b.Run("children", func(b *testing.B) {
		var total time.Duration
		for i := 0; i < b.N; i++ {
			root, cancel := context.WithCancel(context.Background())
			all := make([]context.CancelFunc, children)
			for j := range all {
				_, all[j] = context.WithCancel(root)
			}
			start := time.Now()
			cancel()
			total += time.Since(start)
			runtime.KeepAlive(all)
		}
		perItem(b, total, children)
	})
}

var sink atomic.Value

func BenchmarkP7(b *testing.B) {
	for _, canceled := range []bool{false, true} {
		name := "live"
		if canceled {
			name = "done"
		}
		b.Run(name, func(b *testing.B) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if canceled {
				cancel()
			}
			var err error
			for i := 0; i < b.N; i++ {
				err = ctx.Err()
			}
			if err != nil {
				sink.Store(err)
			}
		})
	}
}

func BenchmarkP8(b *testing.B) {
	ten := context.Background()
	for i := 0; i < 10; i++ {
		ten = context.WithValue(ten, key{i}, i)
	}
	below := context.WithValue(context.Background(), key{0}, 0)
	for i := 0; i < 100; i++ {
		var cancel context.CancelFunc
		below, cancel = context.WithCancel(below)
		defer cancel()
	}
	look := func(ctx context.Context, k key) func(*testing.B) {
		return func(b *testing.B) {
			var v any
			for i := 0; i < b.N; i++ {
				v = ctx.Value(k)
			}
			runtime.KeepAlive(v)
		}
	}
	b.Run("10_deep", look(ten, key{0}))
	b.Run("below_100_nodes", look(below, key{0}))
	b.Run("miss", look(ten, key{-1}))
}

func BenchmarkP11(b *testing.B) {
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, threads := range []int{1, 2} {
		name := "threads:1"
		if threads == 2 {
			name = "threads:2"
		}
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, c := context.WithCancel(parent)
					c()
				}
			})
		})
	}
	for _, threads := range []int{1, 2, 4, 8, 16} {
		b.Run(fmt.Sprintf("live,_one_parent/threads:%d", threads), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			b.RunParallel(func(pb *testing.PB) {
				live := make([]context.CancelFunc, 1000)
				for i := range live {
					_, live[i] = context.WithTimeout(parent, timeout)
				}
				for i := 0; pb.Next(); i = (i + 1) % len(live) {
					live[i]()
					_, live[i] = context.WithTimeout(parent, timeout)
				}
				for _, c := range live {
					c()
				}
			})
		})
	}
}

// BenchmarkP19 tells what a connection takes that waits for its peer: a goroutine,
// a read, and a context that ends it.
func BenchmarkP19(b *testing.B) {
	const connections = 5000
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var near, far []net.Conn
	for i := 0; i < connections; i++ {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			b.Skip(err)
		}
		for j, all := range []*[]net.Conn{&near, &far} {
			file := os.NewFile(uintptr(fds[j]), "")
			c, err := net.FileConn(file)
			file.Close()
			if err != nil {
				b.Skip(err)
			}
			*all = append(*all, c)
		}
	}
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := inUse()
	var begun, ended sync.WaitGroup
	begun.Add(connections)
	ended.Add(connections)
	for _, c := range near {
		go func(c net.Conn) {
			defer ended.Done()
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			if t, ok := ctx.Deadline(); ok {
				c.SetReadDeadline(t)
			}
			data := make([]byte, 64)
			begun.Done()
			c.Read(data)
		}(c)
	}
	begun.Wait()
	time.Sleep(100 * time.Millisecond)
	b.ReportMetric(float64(inUse()-before)/connections, "ns/op")
	for _, c := range far {
		c.Close()
	}
	ended.Wait()
	for _, c := range near {
		c.Close()
	}
}
