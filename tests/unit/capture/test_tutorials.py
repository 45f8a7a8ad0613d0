"""Programs of the tutorials' kind do under `trace()` what they do without: models and training.

Recurrent and normalised layers, parametrizations, optimizers and closures, sampling, data loaders,
penalties on gradients, copies of models.
"""

import copy
import io
import pickle
import warnings

import pytest
import torch
import torch.nn.functional as F
from programs import Programs, differences
from torch.distributions import Categorical, Normal
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.utils import clip_grad_norm_, parametrizations, parametrize, rnn
from torch.utils.data import DataLoader, TensorDataset

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def network():
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))


@program
def recurrent_layers(block, note):
    layer = torch.nn.LSTM(2, 3, num_layers=2, dropout=0.2)
    cell = torch.nn.GRUCell(3, 3)
    packed = rnn.pack_sequence([torch.ones(3, 2), torch.ones(2, 2)])
    with block:
        out, (h, c) = layer(packed)
        padded, lengths = rnn.pad_packed_sequence(out)
        loss = cell(padded[-1], h[0]).sum() + c.sum()
    loss.backward()
    return layer, cell, padded, lengths, loss


@program
def normalised_weights(block, note):
    first = parametrizations.weight_norm(torch.nn.Linear(2, 2))
    second = parametrizations.spectral_norm(torch.nn.Linear(2, 2))
    third = parametrizations.orthogonal(torch.nn.Linear(2, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = torch.nn.utils.weight_norm(torch.nn.Linear(2, 2))
    with block:
        with parametrize.cached():
            y = third(second(first(torch.ones(1, 2)))) + third.weight.sum()
        loss = old(y).sum()
    loss.backward()
    return first, second, third, old, loss


class Exponential(torch.nn.Module):
    def __init__(self, note):
        super().__init__()
        self.note = note

    def forward(self, x):
        self.note("parametrization")
        return x.exp()


@program
def ones_own_parametrization(block, note):
    """A parametrized weight is computed when it is read, and only then."""
    layer = torch.nn.Linear(2, 1)
    parametrize.register_parametrization(layer, "weight", Exponential(note))
    with block:
        loss = layer(torch.ones(1, 2)).sum() + layer.weight.sum()
    loss.backward()
    return loss, layer.parametrizations.weight.original.grad


@program
def properties_and_buffers_of_modules(block, note):
    class Watched(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.tensor(2.0))
            self.norm = torch.nn.BatchNorm1d(2)

        @property
        def lazily(self):
            note("property")
            return torch.rand(1)

        def __getattr__(self, name):
            if name not in ("scale", "norm"):
                note(f"asked for {name}")
            return super().__getattr__(name)

        def forward(self, x):
            return self.norm(x) * self.scale

    model = Watched()
    with block:
        loss = model(torch.arange(6.0).reshape(3, 2)).pow(3).sum()
    loss.backward()
    return model.norm, model.scale, loss


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "foreach": lambda p: torch.optim.Adam(p, foreach=True),
    "fused": lambda p: torch.optim.AdamW(p, fused=True),
    "closure": lambda p: torch.optim.LBFGS(p, max_iter=3),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_in_the_block_learns_what_it_learns_without_us(name):
    def given(block, note):
        model, x = network(), torch.rand(4, 2)
        optimizer = OPTIMIZERS[name](model.parameters())

        def closure():
            note("closure")
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
            loss.backward()
            clip_grad_norm_(model.parameters(), 0.5)
            return loss

        with block:
            losses = [optimizer.step(closure) for _ in range(2)]
        return model, optimizer, losses

    assert not differences(given)


@program
def training_by_hand(block, note):
    """Parameters are changed in place, their gradients set to zero or to None."""
    w = torch.rand(2, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    loader = DataLoader(TensorDataset(torch.rand(6, 2), torch.rand(6)), batch_size=2, shuffle=True)
    total = 0.0
    with block:
        for x, y in loader:
            loss = ((x @ w + b - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
                b.sub_(b.grad, alpha=0.1)
                w.grad.zero_()
                b.grad = None
            w.data.clamp_(-1, 1)
            total += loss.detach()
    return w, b, loss, total


@program
def sampling(block, note):
    model = network()
    with block:
        mean = model(torch.rand(3, 2))
        z = Normal(mean, 1.0).rsample()
        action = Categorical(logits=z.flatten()).sample()
        chance = Categorical(logits=z.flatten()).log_prob(action)
        mask = torch.bernoulli(torch.full((3,), 0.5))
        loss = (chance * z.squeeze() * mask).sum() + torch.multinomial(torch.ones(4), 2).sum()
    loss.backward()
    return model, mean, z, action, chance, mask, loss


@program
def a_penalty_on_the_gradient(block, note):
    model = network()
    x = torch.rand(3, 2, requires_grad=True)
    with block:
        out = model(x)
        (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).pow(2).mean()
        (out.mean() + penalty).backward()
        attack = x + 0.1 * x.grad.sign()
    return model, x, out, slope, penalty, attack


@program
def copies_of_models_and_tensors(block, note):
    model = network()
    with block:
        x = torch.rand(1, 2, requires_grad=True)
        twin = copy.deepcopy(model)
        leaf = copy.deepcopy(x)
        loss = model(x).sum() - twin(leaf).sum()
        try:
            copy.deepcopy(loss)
        except RuntimeError as error:
            note(str(error))
        parcel = pickle.loads(pickle.dumps({"x": x, "model": model}))
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        file.seek(0)
        twin.load_state_dict(torch.load(file))
    loss.backward()
    return model, twin, x, leaf, loss, parcel["x"], parcel["model"]


@program
def an_ensemble(block, note):
    models = [network() for _ in range(3)]
    base = copy.deepcopy(models[0]).to("meta")
    x = torch.rand(4, 2)
    with block:
        parameters, buffers = stack_module_state(models)
        together = vmap(lambda p, b: functional_call(base, (p, b), (x,)))(parameters, buffers)
        loss = together.pow(2).sum()
    loss.backward()
    return models, parameters, together, loss


@program
def embeddings_and_sparse_gradients(block, note):
    table = torch.nn.Embedding(5, 2, sparse=True, max_norm=0.5)
    bag = torch.nn.EmbeddingBag(5, 2, mode="mean")
    with block:
        found = table(torch.tensor([1, 1, 3]))
        loss = found.sum() + bag(torch.tensor([[0, 1]])).sum()
    loss.backward()
    return table, bag, found, loss
