"""The memory of a server process, for the other scripts here."""

import threading


class Anonymous:
    """The peak of a process's anonymous memory above its start, sampled every 10 ms."""

    def __init__(self, pid):
        self.path, self.ended = f"/proc/{pid}/status", threading.Event()
        self.start = self.peak = self.now()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def now(self):
        with open(self.path) as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

    def watch(self):
        while not self.ended.wait(0.01):
            self.peak = max(self.peak, self.now())

    def above_start(self):
        self.ended.set()
        self.thread.join()
        return self.peak - self.start
