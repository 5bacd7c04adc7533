"""Binding and Refresh requests at a steady rate, and how long each takes to be answered."""

import heapq
import itertools
import os
import select
import time

import stun
from bench_client import allocated_client

RTO_SEC, SENDS_MAX = 0.5, 7  # RFC 8489 §6.2.1: the time-out doubles with each


class Probe:
    """A client with an allocation, whose requests are sent however many are on their way."""

    def __init__(self, rate):
        self.client = allocated_client()
        self.gap = 1 / rate

    def _request(self, method, transaction_id):
        if method == stun.BINDING:
            return stun.build(method, transaction_id=transaction_id)
        return self.client.message(method, transaction_id=transaction_id)

    def run(self, seconds):
        """For each method the requests sent, as (seconds to the answer or None, times sent)."""
        sock = self.client.sock
        sock.setblocking(False)
        waiting = {}  # transaction id: [method, datagram, first sent, times sent]
        again = []  # (when, transaction id)
        done = {stun.BINDING: [], stun.REFRESH: []}
        next_send = time.monotonic()
        end = next_send + seconds
        for method in itertools.cycle(done):
            transaction_id = os.urandom(12)
            datagram = self._request(method, transaction_id)
            # The next one is ready: now what has come, until it is due.
            while not self._receive_until(next_send if next_send < end else None, waiting, again,
                                          done):
                pass
            if next_send >= end:
                return done
            began = time.monotonic()
            waiting[transaction_id] = [method, datagram, began, 1]
            heapq.heappush(again, (began + RTO_SEC, transaction_id))
            self._send(datagram)
            next_send = max(next_send + self.gap, began)

    def _send(self, datagram):
        try:
            self.client.send_raw(datagram)
        except BlockingIOError:
            pass  # as one lost on its way

    def _receive_until(self, until, waiting, again, done):
        """Takes an answer or a time-out. True at |until|; None: when nothing is waited for."""
        now = time.monotonic()
        while again and again[0][0] <= now:
            self._time_out(heapq.heappop(again), waiting, again, done)
        if until is None and not waiting:
            return True
        if until is not None and now >= until:
            return True
        wake = min([when for when in (until, again[0][0] if again else None) if when is not None])
        if not select.select([self.client.sock], [], [], max(wake - now, 0))[0]:
            return False
        datagram = self.client.sock.recv(2048)
        came = time.monotonic()
        answer = stun.Message(datagram)
        if answer.transaction_id not in waiting:
            return False  # the answer to one sent again
        if answer.kind != stun.SUCCESS:
            raise ValueError(f"answered with {answer.code}")
        method, _, began, times = waiting.pop(answer.transaction_id)
        done[method].append((came - began, times))
        return False

    def _time_out(self, due, waiting, again, done):
        when, transaction_id = due
        if transaction_id not in waiting:
            return
        one = waiting[transaction_id]
        if one[3] == SENDS_MAX:
            done[one[0]].append((None, one[3]))
            del waiting[transaction_id]
            return
        self._send(one[1])
        heapq.heappush(again, (when + RTO_SEC * 2 ** one[3], transaction_id))
        one[3] += 1

    def close(self):
        self.client.close()
