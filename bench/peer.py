"""The other side of bench/compare.py: a process that times PyTorch when it is told to.

On a GPU a turn ends when the GPU has finished; a step can be run as PyTorch runs it by itself (mode "eager"), compiled
(mode "compile": torch.compile with reduce-overhead), or recorded once and replayed (mode "graph": a CUDA graph of the whole step).

Reads a line of JSON, {"task": ..., ...}; answers with one. It stays alive between measurements, so that the two sides can take
turns without paying for imports, and sleeps meanwhile.
"""
import json
import sys
import time

import numpy
import torch

import nets

made = {}
device = torch.device(sys.argv[2] if len(sys.argv) > 2 else "cpu")
settle = torch.cuda.synchronize if device.type == "cuda" else lambda: None


def timed(work, seconds):
    def run():
        work()
        settle()

    begin = time.perf_counter()
    runs = 0
    while runs < 2 or time.perf_counter() - begin < seconds / 3:
        run()
        runs += 1
    samples = []
    begin = time.perf_counter()
    while len(samples) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        samples.append(1000 * (time.perf_counter() - start))
    samples.sort()
    return {"median": samples[len(samples) // 2], "min": samples[0], "max": samples[-1], "samples": len(samples)}


def step(name, seconds, channels_last, mode="eager", tf32=False):
    allow_tf32(tf32)
    key = (name, channels_last, mode, tf32)
    if key not in made:
        made[key] = MODES[mode](nets.Step(name, channels_last=channels_last, device=device))
    return timed(made[key], seconds)


def compiled(one):
    if not hasattr(torch, "compile"):
        raise NotImplementedError(f"PyTorch {torch.__version__} has no torch.compile")
    net, criterion = one.net, one.loss
    forward = torch.compile(lambda x, y: criterion(net(x), y), mode="reduce-overhead")

    def run():
        one.optimizer.zero_grad(set_to_none=True)
        forward(one.x, one.y).backward()
        one.optimizer.step()

    return run


def recorded(one):
    if device.type != "cuda":
        raise NotImplementedError("CUDA graphs need a CUDA device")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            one()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    one.optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        one.loss(one.net(one.x), one.y).backward()
        one.optimizer.step()
    return graph.replay


MODES = {"eager": lambda one: one, "compile": compiled, "graph": recorded}


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def matmul(shape, seconds, tf32=False):
    allow_tf32(tf32)
    m, k, n = shape
    a, b, c = torch.randn(m, k, device=device), torch.randn(k, n, device=device), torch.empty(m, n, device=device)
    return timed(lambda: torch.mm(a, b, out=c), seconds)


def prepare(name, weights, batch):
    """Writes the net's parameters and a batch, and what a step on them gives in double and in float."""
    one = nets.Step(name)
    write_safetensors(weights, {k: v.numpy() for k, v in one.net.state_dict().items() if not k.endswith("num_batches_tracked")})
    numpy.savez(batch, x=one.x.numpy().astype(numpy.float32), y=one.y.numpy().astype(numpy.int32))
    write_safetensors(weights + ".batch", {"x": one.x.float().numpy(), "y": one.y.float().numpy()})
    state = {k: v.clone() for k, v in one.net.state_dict().items()}
    results = {}
    for kind in ("float", "double"):
        one.net.load_state_dict(state)
        one.net, one.x = getattr(one.net, kind)(), getattr(one.x, kind)() if one.x.is_floating_point() else one.x
        loss = one.loss(one.net(one.x), one.y)
        one.net.zero_grad()
        loss.backward()
        results |= {f"{kind}/loss": loss.detach().numpy()} | {f"{kind}/{k}": p.grad.numpy() for k, p in one.net.named_parameters()}
    numpy.savez(weights + ".npz", **results)
    return {"results": weights + ".npz"}


def compare(dump, results):
    """The largest relative error of loss and gradients against PyTorch in double: those of a dump (npz or safetensors), and PyTorch's own in float."""
    dump, results = read_safetensors(dump) if dump.endswith(".safetensors") else numpy.load(dump), numpy.load(results)
    names = [k[7:] for k in results.files if k.startswith("double/")]
    norm = lambda a: float(numpy.linalg.norm(a))
    # A bias in front of a batch norm has no gradient but rounding: such are held against the whole net's.
    whole = max(norm(results[f"double/{k}"]) for k in names)

    def worst(found):
        return max(norm(results[f"double/{k}"] - found(k).reshape(results[f"double/{k}"].shape)) / max(norm(results[f"double/{k}"]), 1e-3 * whole) for k in names)

    return {"ours": worst(lambda k: dump["loss" if k == "loss" else f"grad/{k}"]), "peer": worst(lambda k: results[f"float/{k}"])}


def write_safetensors(path, arrays):
    header, offset = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(numpy.ascontiguousarray(array, dtype="<f4").tobytes())


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    return {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"]) for name, entry in header.items()}


def train(net, epochs, folder):
    """A plain training loop on Fashion-MNIST: the same net, optimizer and schedule as configs/fashion-mnist-*.yaml."""
    import gzip

    def idx(name, skip):
        return torch.frombuffer(bytearray(gzip.open(f"{folder}/{name}.gz").read()), dtype=torch.uint8)[skip:]

    begin = time.perf_counter()
    x, y = idx("train-images-idx3-ubyte", 16).view(-1, 1, 28, 28), idx("train-labels-idx1-ubyte", 8).long()
    tx, ty = idx("t10k-images-idx3-ubyte", 16).view(-1, 1, 28, 28), idx("t10k-labels-idx1-ubyte", 8).long()
    floats = x.float()
    mean, std = floats.mean(), floats.std()
    del floats
    torch.manual_seed(1)
    model, loss = nets.NETS[net][0](), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, 0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=epochs * 469)
    for _ in range(epochs):
        order = torch.randperm(60000)
        for i in range(0, 60000, 128):
            rows = order[i:i + 128]
            optimizer.zero_grad(set_to_none=True)
            loss(model((x[rows].float() - mean) / std), y[rows]).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        right = sum(int((model((tx[i:i + 1000].float() - mean) / std).argmax(1) == ty[i:i + 1000]).sum()) for i in range(0, 10000, 1000))
    return {"seconds": time.perf_counter() - begin, "test_accuracy": right / 10000}


def about():
    return {
        "torch": torch.__version__, "threads": torch.get_num_threads(), "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "blas": [line.strip() for line in torch.__config__.parallel_info().splitlines() if "OpenMP" in line or "MKL" in line][:3],
    }


TASKS = {"step": step, "matmul": matmul, "prepare": prepare, "compare": compare, "train": train, "about": about}

torch.set_num_threads(int(sys.argv[1]))
torch.backends.cudnn.benchmark = True
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = TASKS[request.pop("task")](**request)
    except NotImplementedError as e:
        answer = {"lacks": str(e)}
    print(json.dumps(answer), flush=True)
