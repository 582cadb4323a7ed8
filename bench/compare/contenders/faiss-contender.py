"""FAISS, one order a line as in messages.ts: faiss-contender.py NAME METRIC TRAIN QUERIES ATTRIBUTES DIRECTORY ROWS COUNT

ATTRIBUTES is a file of uint16: `r` of all rows, then `c` of all rows.
"""

import gc
import json
import os
import sys
import time

import faiss
import numpy as np

M, EF_CONSTRUCTION, K = 16, 100, 10
HNSW_EFFORTS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256]
IVF_EFFORTS = [2, 4, 8, 16, 32, 64, 128]


def read(path):
    rows, columns = np.fromfile(path, dtype=np.uint32, count=2)
    kind = {"u8bin": np.uint8, "ibin": np.int32}.get(path.rsplit(".", 1)[1], np.float32)
    return np.fromfile(path, dtype=kind, offset=8).reshape(rows, columns)


def vectors(path, metric):
    values = read(path).astype(np.float32)
    if metric == "cosine":
        values /= np.linalg.norm(values, axis=1, keepdims=True)
    return np.ascontiguousarray(values)


def resident():
    gc.collect()
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    field = lambda name: int(lines[name].split()[0]) * 1024
    return field("RssAnon") + field("RssShmem"), field("RssFile")


def make(name, dimension, rows):
    if name == "faiss IVF":
        return faiss.index_factory(dimension, f"IVF{round(2 * rows**0.5)},Flat")
    if name == "faiss HNSW":
        index = faiss.IndexHNSWFlat(dimension, M)
    else:
        index = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_8bit, M)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    return index


class Contender:
    def __init__(self, name, metric, train, queries, attributes, directory, rows, count):
        self.name, self.directory = name, directory
        self.train = np.ascontiguousarray(vectors(train, metric)[: int(rows)])
        self.queries = vectors(queries, metric)[: int(count)]
        both = np.fromfile(attributes, dtype=np.uint16).reshape(2, -1)
        self.attributes = {"r": both[0], "c": both[1]}
        self.is_ivf = name == "faiss IVF"

    def build(self):
        os.makedirs(self.directory, exist_ok=True)
        before, began, cpu = resident(), time.perf_counter(), time.process_time()
        rows, dimension = self.train.shape
        self.index = make(self.name, dimension, rows)
        if not self.index.is_trained:
            self.index.train(self.train)
        self.index.add(self.train)
        seconds = time.perf_counter() - began
        cpu_seconds = time.process_time() - cpu
        after = resident()
        path = os.path.join(self.directory, "index")
        faiss.write_index(self.index, path)
        return {
            "seconds": seconds,
            "cpuSeconds": cpu_seconds,
            "memory": {"own": after[0] - before[0], "mapped": after[1] - before[1]},
            "disk": os.path.getsize(path),
            "kind": "index",
            "knob": "nprobe" if self.is_ivf else "ef",
            "efforts": IVF_EFFORTS if self.is_ivf else HNSW_EFFORTS,
            "isConcurrent": True,
            "filters": True,
        }

    def parameters(self, order):
        selector = None
        if order.get("filter"):
            wanted = order["filter"]
            values = self.attributes[wanted["field"]]
            mask = values < wanted["value"] if wanted["op"] == "lt" else values == wanted["value"]
            bits = np.packbits(mask, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(mask), faiss.swig_ptr(bits))
            self.kept = bits
        # Version 1.7.3 does not heed the parameter efSearch of a search.
        if not self.is_ivf:
            self.index.hnsw.efSearch = order["effort"]
        kind = faiss.SearchParametersIVF if self.is_ivf else faiss.SearchParametersHNSW
        effort = {"nprobe" if self.is_ivf else "efSearch": order["effort"]}
        return kind(sel=selector, **effort) if selector else kind(**effort)

    def search(self, order):
        parameters, count = self.parameters(order), order["queries"]
        truth = order["truth"]
        batch = order["atOnce"] > 1
        began, cpu = time.perf_counter(), time.process_time()
        if batch:
            found = self.index.search(self.queries[:count], K, params=parameters)[1]
        else:
            found = [
                self.index.search(self.queries[at : at + 1], K, params=parameters)[1][0]
                for at in range(count)
            ]
        seconds = time.perf_counter() - began
        cpu_us = (time.process_time() - cpu) * 1e6 / count
        right = wanted = short = 0
        for rows, near in zip(found, truth):
            answered = {int(row) for row in rows if row >= 0}
            near = near[:K]
            wanted += len(near)
            right += len(answered & set(near))
            short += len(answered) < len(near)
        return {"recall": right / wanted, "short": short, "us": seconds * 1e6 / count, "cpuUs": cpu_us}


contender = Contender(*sys.argv[1:])
for line in sys.stdin:
    order = json.loads(line)
    try:
        if order["do"] == "build":
            answer = contender.build()
        else:
            faiss.omp_set_num_threads(len(os.sched_getaffinity(0)))
            answer = contender.search(order)
    except Exception as error:  # the comparison goes on without it, and says why
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
