"""
The networks of the benches in PyTorch, and a small server that times them beside ours.

Written from the papers and from packages/encoders and packages/decoders: the same layers, parameters and multiplications
(`python3 pytorch_networks.py` prints how many). With --serve it says what PyTorch this is, then reads a JSON command a
line and answers each with a JSON line:

  {"build": "resnet50dilated+ppm_deepsup", "classes": 150, "threads": 2,
   "task": "training", "batch": 2, "size": [456, 600], "labels": [57, 75]}
  {"run": true}

`build` tries PyTorch's default memory layout and channels_last, two passes each, and keeps the quicker one.
"""

import gc
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(inputs, outputs, kernel=1, stride=1, dilation=1, groups=1, act=nn.ReLU):
    """A convolution without bias that keeps the size at stride 1, its batch norm and its activation, if any."""
    padding = dilation * (kernel - 1) // 2
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), *([act(inplace=True)] if act else []))


def resize(x, size):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class Residual(nn.Module):
    """A body with a path around it; `act` follows the sum."""

    def __init__(self, body, around=None, act=True):
        super().__init__()
        self.body, self.around, self.act = body, around, act

    def forward(self, x):
        y = self.body(x) + (self.around(x) if self.around else x)
        return F.relu_(y) if self.act else y


class Features(nn.Module):
    """Stages one behind the other; the outputs of all of them."""

    def __init__(self, stem, stages):
        super().__init__()
        self.stem, self.stages = stem, nn.ModuleList(stages)

    def forward(self, x):
        x, features = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


def bottleneck(inputs, planes, stride=1, dilation=1):
    outputs = 4 * planes
    body = nn.Sequential(
        conv_bn(inputs, planes),
        conv_bn(planes, planes, 3, stride, dilation),
        conv_bn(planes, outputs, act=None),
    )
    same = inputs == outputs and stride == 1
    return Residual(body, None if same else conv_bn(inputs, outputs, 1, stride, act=None))


def basic(inputs, planes, stride=1, dilation=1, later_dilation=1):
    body = nn.Sequential(
        conv_bn(inputs, planes, 3, stride, dilation), conv_bn(planes, planes, 3, 1, later_dilation, act=None)
    )
    same = inputs == planes and stride == 1
    return Residual(body, None if same else conv_bn(inputs, planes, 1, stride, act=None))


def resnet(blocks, deep, dilated):
    """He et al., CVPR 2016, with a stem of three 3×3 convolutions; dilated: stages 3 and 4 keep stride 8."""
    stem = nn.Sequential(
        conv_bn(3, 64, 3, 2), conv_bn(64, 64, 3), conv_bn(64, 128, 3), nn.MaxPool2d(3, stride=2, padding=1)
    )
    channels, stages = 128, []
    for stage, count in enumerate(blocks):
        planes, layers = 64 * 2**stage, []
        for i in range(count):
            stride, dilation, full = (2 if stage > 0 and i == 0 else 1), 1, 1
            if dilated and stage >= 2:
                full = 2 ** (stage - 1)
                stride, dilation = 1, full // 2 if i == 0 else full
            if deep:
                layers.append(bottleneck(channels, planes, stride, dilation))
            else:
                layers.append(basic(channels, planes, stride, dilation, full))
            channels = planes * (4 if deep else 1)
        stages.append(nn.Sequential(*layers))
    return Features(stem, stages), [planes * (4 if deep else 1) for planes in (64, 128, 256, 512)]


def mobilenetv2dilated():
    """Sandler et al., CVPR 2018: from block 7 on strides become dilations of 2, from block 14 on of 4."""
    groups = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    channels, index, blocks, stages = 32, 0, [], []
    for expansion, outputs, count, group_stride in groups:
        for i in range(count):
            index += 1
            stride = group_stride if i == 0 else 1
            dilation = 4 if index >= 14 else 2 if index >= 7 else 1
            if dilation > 1 and stride == 2:
                actual = (1, dilation // 2)
            else:
                actual = (stride, dilation)
            hidden = channels * expansion
            layers = [conv_bn(channels, hidden, act=nn.ReLU6)] if expansion > 1 else []
            layers.append(conv_bn(hidden, hidden, 3, *actual, groups=hidden, act=nn.ReLU6))
            layers.append(conv_bn(hidden, outputs, act=None))
            body = nn.Sequential(*layers)
            blocks.append(Residual(body, act=False) if stride == 1 and channels == outputs else body)
            channels = outputs
            if index in (2, 4, 7, 14, 17):
                stages.append(nn.Sequential(*blocks))
                blocks = []
    return Features(conv_bn(3, 32, 3, 2, act=nn.ReLU6), stages), [24, 32, 64, 160, 320]


class Exchange(nn.Module):
    """Four residual blocks on each branch, then every branch becomes the sum of all, brought to its resolution."""

    def __init__(self, widths):
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(basic(w, w) for _ in range(4))) for w in widths)
        self.fuse = nn.ModuleList(
            nn.ModuleList(self.fusion(widths, source, target) for source in range(len(widths)))
            for target in range(len(widths))
        )

    @staticmethod
    def fusion(widths, source, target):
        if source == target:
            return nn.Identity()
        if source > target:
            return conv_bn(widths[source], widths[target], act=None)
        steps = [conv_bn(widths[source], widths[source], 3, 2) for _ in range(target - source - 1)]
        return nn.Sequential(*steps, conv_bn(widths[source], widths[target], 3, 2, act=None))

    def forward(self, xs):
        xs = [branch(x) for branch, x in zip(self.branches, xs)]
        outputs = []
        for target, row in enumerate(self.fuse):
            total = xs[target]
            for source, layer in enumerate(row):
                if source == target:
                    continue
                y = layer(xs[source])
                total = total + (resize(y, total.shape[2:]) if source > target else y)
            outputs.append(F.relu(total))
        return outputs


class HRNetV2(nn.Module):
    """Wang et al., TPAMI 2020, W48: one feature of 720 channels at stride 4."""

    def __init__(self, widths=(48, 96, 192, 384), modules=(1, 4, 3)):
        super().__init__()
        stem = [conv_bn(3, 64, 3, 2), conv_bn(64, 64, 3, 2), bottleneck(64, 64)]
        self.stem = nn.Sequential(*stem, *(bottleneck(256, 64) for _ in range(3)))
        self.transitions, self.stages = nn.ModuleList(), nn.ModuleList()
        before = [256]
        for count in modules:
            now = widths[: len(before) + 1]
            kept = [nn.Identity() if a == b else conv_bn(a, b, 3) for a, b in zip(before, now)]
            self.transitions.append(nn.ModuleList([*kept, conv_bn(before[-1], now[-1], 3, 2)]))
            self.stages.append(nn.Sequential(*(Exchange(now) for _ in range(count))))
            before = now

    def forward(self, x):
        xs = [self.stem(x)]
        for transition, stage in zip(self.transitions, self.stages):
            xs = stage([layer(x) for layer, x in zip(transition, [*xs, xs[-1]])])
        size = xs[0].shape[2:]
        return [torch.cat([xs[0], *(resize(x, size) for x in xs[1:])], 1)]


class C1(nn.Module):
    """One 3×3 convolution to a quarter of the last feature's channels, then scores; over any of the features."""

    def __init__(self, channels, classes, feature=-1, dropout=0.0):
        super().__init__()
        self.feature = feature
        self.conv = conv_bn(channels[feature], channels[-1] // 4, 3)
        self.dropout = nn.Dropout2d(dropout) if dropout else nn.Identity()
        self.scores = nn.Conv2d(channels[-1] // 4, classes, 1)

    def forward(self, features):
        return self.scores(self.dropout(self.conv(features[self.feature])))


class PyramidPooling(nn.Module):
    """Zhao et al., CVPR 2017: the last feature, and its means over 1, 2², 3² and 6² cells, seen together."""

    def __init__(self, channels, outputs=512, resize_first=False):
        super().__init__()
        self.resize_first = resize_first
        self.pools = nn.ModuleList(nn.AdaptiveAvgPool2d(bins) for bins in (1, 2, 3, 6))
        self.convs = nn.ModuleList(conv_bn(channels, 512) for _ in self.pools)
        self.join = conv_bn(channels + 512 * len(self.pools), outputs, 3)

    def forward(self, x):
        size, levels = x.shape[2:], [x]
        for pool, conv in zip(self.pools, self.convs):
            y = pool(x)
            levels.append(conv(resize(y, size)) if self.resize_first else resize(conv(y), size))
        return self.join(torch.cat(levels, 1))


class PPM(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.pyramid = PyramidPooling(channels[-1])
        self.scores = nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(512, classes, 1))

    def forward(self, features):
        return self.scores(self.pyramid(features[-1]))


class UPerNet(nn.Module):
    """Xiao et al., ECCV 2018: pyramid pooling, a feature pyramid up to the first feature, all levels seen together."""

    def __init__(self, channels, classes, width=512):
        super().__init__()
        self.pyramid = PyramidPooling(channels[-1], width, resize_first=True)
        self.lateral = nn.ModuleList(conv_bn(c, width) for c in channels[:-1])
        self.out = nn.ModuleList(conv_bn(width, width, 3) for _ in channels[:-1])
        self.join = conv_bn(width * len(channels), width, 3)
        self.scores = nn.Conv2d(width, classes, 1)

    def forward(self, features):
        x = self.pyramid(features[-1])
        levels = [x]
        for i in reversed(range(len(features) - 1)):
            y = self.lateral[i](features[i])
            x = y + resize(x, y.shape[2:])
            levels.insert(0, self.out[i](x))
        size = levels[0].shape[2:]
        return self.scores(self.join(torch.cat([levels[0], *(resize(y, size) for y in levels[1:])], 1)))


class Network(nn.Module):
    """Scores, and in training the second ones of deep supervision."""

    def __init__(self, encoder, decoder, classes, deep_supervision=None):
        super().__init__()
        self.classes = classes
        self.encoder, self.decoder, self.deep_supervision = encoder, decoder, deep_supervision

    def forward(self, x):
        features = self.encoder(x)
        scores = [self.decoder(features)]
        if self.training and self.deep_supervision:
            scores.append(self.deep_supervision(features))
        return scores


def build(name, classes=150):
    encoder_name, decoder_name = name.split("+")
    encoder, channels = {
        "mobilenetv2dilated": mobilenetv2dilated,
        "resnet18dilated": lambda: resnet([2, 2, 2, 2], deep=False, dilated=True),
        "resnet50dilated": lambda: resnet([3, 4, 6, 3], deep=True, dilated=True),
        "resnet50": lambda: resnet([3, 4, 6, 3], deep=True, dilated=False),
        "hrnetv2": lambda: (HRNetV2(), [720]),
    }[encoder_name]()
    head, _, deep = decoder_name.partition("_")
    decoder = {"c1": C1, "ppm": PPM, "upernet": UPerNet}[head](channels, classes)
    auxiliary = C1(channels, classes, -2, 0.1 if head == "ppm" else 0.0) if deep else None
    return Network(encoder, decoder, classes, auxiliary)


def prepare(network, layout, task, batch, size, labels):
    """A function that makes one training step with the network on random images, or labels them at the size `labels`."""
    network.to(memory_format=layout)
    images = torch.randn(batch, 3, *size).contiguous(memory_format=layout)
    if task == "inference":
        network.eval()

        def infer():
            with torch.no_grad():
                resize(network(images)[0], labels).argmax(1)

        return infer

    network.train()
    truth = torch.randint(-1, network.classes, (batch, *labels))
    kernels = [p for p in network.parameters() if p.dim() == 4]
    others = [p for p in network.parameters() if p.dim() != 4]
    groups = [{"params": kernels, "weight_decay": 1e-4}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.SGD(groups, lr=1e-3, momentum=0.9, fused=True)

    def train():
        optimizer.zero_grad()
        losses = [F.nll_loss(F.log_softmax(scores, 1), truth, ignore_index=-1) for scores in network(images)]
        loss = losses[0] + 0.4 * losses[1] if len(losses) > 1 else losses[0]
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def timed(run):
    """Seconds, and the processors' seconds."""
    start, processors = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - processors


LAYOUTS = {"channels_first": torch.contiguous_format, "channels_last": torch.channels_last}


class Server:
    """Holds one network at a time."""

    run = None

    def build(self, name, classes, threads, **job):
        torch.set_num_threads(threads)
        seconds = {}
        for layout in LAYOUTS:
            parameters = self.start(name, classes, layout, job)
            seconds[layout] = min(timed(self.run), timed(self.run))[0]
        quicker = min(seconds, key=seconds.get)
        if quicker != layout:
            self.start(name, classes, quicker, job)
            self.run()
        return {"layout": quicker, "parameters": parameters}

    def start(self, name, classes, layout, job):
        self.run = None
        gc.collect()
        network = build(name, classes)
        self.run = prepare(network, LAYOUTS[layout], **job)
        return count(network)

    def answer(self, command):
        if "build" not in command:
            return dict(zip(("seconds", "processors"), timed(self.run)))
        try:
            return self.build(command.pop("build"), **command)
        except KeyError as missing:
            return {"missing": f"{missing.args[0]} is not written in PyTorch here"}


def serve():
    server = Server()
    about = {
        "version": torch.__version__,
        "oneDNN": torch.backends.mkldnn.is_available(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), flush=True)


def count(module):
    return sum(p.numel() for p in module.parameters())


def describe():
    """Prints each network's parameters, and what its convolutions multiply and add for one image without deep supervision."""
    from torch.utils.flop_counter import FlopCounterMode

    for name, size in {
        "mobilenetv2dilated+c1_deepsup": (456, 600),
        "resnet18dilated+ppm_deepsup": (456, 600),
        "resnet50dilated+ppm_deepsup": (456, 600),
        "resnet50+upernet": (480, 608),
        "hrnetv2+c1": (480, 608),
    }.items():
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            network = build(name).eval()
            network(torch.empty(1, 3, *size))
        encoder = count(network.encoder)
        sizes = f"encoder {encoder:,}, decoder {count(network) - encoder:,} parameters"
        print(f"{name}: {sizes}, {counter.get_total_flops() / 1e9:.1f} GFLOP")


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else describe()
