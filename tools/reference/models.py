"""`models.json`: features and scores of the original's networks, and three training steps, in float32."""

from __future__ import annotations

import torch

from formulas import Json, sampled
from networks import INPUT, NUM_CLASS, PAIRS, Pair, build, image, labels, parameters, statistics
from networks import MOMENTUM as BN_MOMENTUM
from training import LEARNING_RATE, MOMENTUM, STEPS, WEIGHT_DECAY, optimizers, step

FEATURE_SAMPLES = 24
SCORE_SAMPLES = 48
SEG_SIZE = [101, 137]


def compute() -> list[Json]:
    """The file's values."""
    return [entry(pair) for pair in PAIRS]


def entry(pair: Pair) -> Json:
    """What one pair computes."""
    return {**inference(pair), **({"train": training(pair)} if pair.trained else {})}


@torch.no_grad()
def inference(pair: Pair) -> Json:
    """Features, scores and labels in evaluation mode."""
    network = build(pair, torch.float32).eval()
    encoder, decoder = network.encoder, network.decoder
    features = encoder(image(torch.float32), return_feature_maps=True)
    scores = decoder(features)
    decoder.use_softmax = True
    softmax = decoder(features, segSize=SEG_SIZE)
    argmax = softmax.argmax(1)
    labels, counts = argmax.unique(return_counts=True)
    return {
        "name": pair.name,
        "encoder": pair.encoder,
        "decoder": pair.decoder,
        "fc_dim": pair.fc_dim,
        "num_class": NUM_CLASS,
        "input": INPUT,
        "params_encoder": sum(parameter.numel() for parameter in encoder.parameters()),
        "params_decoder": sum(parameter.numel() for parameter in decoder.parameters()),
        "features": [sampled(feature, FEATURE_SAMPLES) for feature in features],
        "log_softmax": [
            sampled(score, SCORE_SAMPLES) for score in (scores if isinstance(scores, tuple) else (scores,))
        ],
        "seg_size": SEG_SIZE,
        "softmax": sampled(softmax, SCORE_SAMPLES),
        "argmax": {
            "shape": list(argmax.shape),
            "histogram": {str(label): count for label, count in zip(labels.tolist(), counts.tolist())},
        },
    }


def training(pair: Pair) -> Json:
    """Losses, accuracies and norms of three steps in training mode."""
    network = build(pair, torch.float32).train()
    steppers = optimizers(network)
    steps: list[Json] = []
    for i in range(STEPS):
        loss, accuracy = step(network, pair, steppers)
        steps.append({"loss": loss, "acc": accuracy})
        if i == 0:
            steps[0]["grad_norm"] = {name: norm(parameter.grad) for name, parameter in parameters(network)}
    return {
        "label_stride": pair.label_stride,
        "label": list(labels(pair).shape),
        "lr": LEARNING_RATE,
        "momentum": MOMENTUM,
        "weight_decay": WEIGHT_DECAY,
        "deep_sup_scale": pair.deep_supervision,
        "bn_momentum": BN_MOMENTUM,
        "steps": steps,
        "norms_after_3_steps": {name: norm(tensor) for name, tensor in [*statistics(network), *parameters(network)]},
    }


def norm(tensor: torch.Tensor) -> float:
    """The Euclidean norm, in float64."""
    return tensor.detach().double().norm().item()
