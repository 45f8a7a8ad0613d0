"""Calls of PyTorch as a student would write them; their tensors are in `inputs`.

Two calls on one line are parted by `;;`. Each is an expression, or a small program whose result
is called y (or z, where something is written in place).
"""


def programs(text: str) -> list[str]:
    """The calls of a text."""
    lines = text.replace("\n", " ;; ").split(" ;; ")
    return [line.strip() for line in lines if line.strip()]


# On single numbers: run with all numbers and shapes.
SCALARS = programs("""
x + w ;; x - w ;; x * w ;; x / w ;; w ** 2 ;; w ** 3 ;; w ** -1 ;; w ** 0.5 ;; x // w ;; x % w ;; -w
torch.reciprocal(input=w) ;; z = w * 1; z.reciprocal_()
w * w ;; 1 + w ;; 1 - w ;; 2 * w ;; 7 / w ;; 2 ** w ;; 7 % x ;; 2 // x ;; w + 1 ;; w - 1 ;; w * 2
w / 4 ;; x // 2 ;; x % 2 ;; w + (-2) ;; w * -2 ;; -2 * w ;; -2 - w ;; (-2.0) ** p ;; w / 3.14159265
w ** w ;; w * w + w ;; w - w ;; x > w ;; x >= w ;; x < w ;; x <= w ;; x == w ;; x != w ;; x > 2
2 > x ;; x == 3 ;; torch.gt(x, w) ;; torch.add(x, w) ;; torch.add(x, w, alpha=2)
torch.add(input=x, other=w) ;; torch.add(other=w, input=x) ;; torch.add(w, 1, alpha=3) ;; x.add(w)
x.add(w, alpha=0.5) ;; x.add(other=w, alpha=-1) ;; torch.sub(x, w) ;; torch.sub(x, w, alpha=2)
torch.sub(other=x, input=w) ;; torch.rsub(x, w) ;; torch.rsub(w, 1, alpha=2) ;; torch.subtract(w, x)
x.sub(w, alpha=3) ;; torch.mul(x, w) ;; torch.mul(other=x, input=w) ;; x.multiply(w)
torch.div(x, w) ;; torch.div(other=w, input=x) ;; torch.div(x, w, rounding_mode="floor")
torch.true_divide(x, w) ;; torch.div(other=w, input=x, rounding_mode="trunc")
w.div(2, rounding_mode="floor") ;; torch.divide(w, x) ;; torch.div(x, w, rounding_mode=None)
torch.floor_divide(x, 2) ;; torch.remainder(x, 2) ;; torch.remainder(7, x) ;; torch.fmod(x, 2)
torch.pow(w, 2) ;; torch.pow(2, w) ;; torch.pow(exponent=2, input=w) ;; w.pow(3) ;; w.add(1).sub(x)
torch.pow(exponent=w, input=p) ;; torch.pow(exponent=p, self=2) ;; torch.float_power(w, 2)
torch.neg(w) ;; torch.square(w) ;; torch.sqrt(q) ;; torch.exp(w) ;; torch.log(w) ;; w.exp()
w.log() ;; w.sqrt() ;; w.square() ;; torch.sigmoid(w) ;; torch.tanh(w) ;; torch.sin(w)
torch.cos(w) ;; w.sigmoid() ;; w.tanh() ;; w.sin() ;; w.cos() ;; torch.relu(w) ;; F.relu(w)
w.relu() ;; F.relu(w, inplace=False) ;; torch.abs(w) ;; torch.sign(w) ;; w.negative()
torch.negative(input=w) ;; torch.reciprocal(w) ;; torch.rsqrt(q) ;; torch.log1p(w) ;; torch.expm1(w)
torch.exp2(w) ;; torch.clamp(w, max=1) ;; torch.clamp(w, min=1) ;; torch.clamp(w, 0, 1)
w.clamp(max=0.5) ;; torch.clamp(w, min=x) ;; torch.clamp(w, max=b) ;; torch.clip(w, -1, 1)
torch.clamp_min(w, 1.5) ;; torch.clamp(max=1, min=0, input=w) ;; F.leaky_relu(w)
F.leaky_relu(w, 0.2) ;; F.leaky_relu(b, negative_slope=0.3) ;; F.elu(b, alpha=2) ;; F.elu(w)
F.celu(b, alpha=0.5) ;; F.celu(b) ;; F.selu(b) ;; F.softplus(w) ;; F.softplus(w, beta=2)
F.gelu(w) ;; F.silu(w) ;; F.softplus(w, 1, 0.5) ;; F.softplus(w, threshold=1)
F.gelu(w, approximate="tanh") ;; F.mish(w) ;; F.relu6(w) ;; F.threshold(w, 1, 20)
F.threshold(w, value=-5, threshold=2.5) ;; F.hardtanh(w, -2, 0.5) ;; F.hardsigmoid(w)
F.hardshrink(w, 0.7) ;; F.softshrink(w, 0.7) ;; F.logsigmoid(w) ;; F.softsign(w) ;; F.tanhshrink(w)
w.frac() ;; torch.round(w) ;; torch.round(w, decimals=2) ;; torch.floor(w) ;; torch.ceil(w)
torch.trunc(w) ;; torch.frac(w) ;; torch.maximum(x, w) ;; torch.minimum(other=w, input=x)
torch.max(x, w) ;; torch.atan2(w, x) ;; torch.hypot(w, x) ;; torch.addcmul(x, w, b)
torch.addcmul(x, w, b, value=2) ;; torch.addcdiv(x, w, b, value=-1) ;; torch.lerp(x, w, 0.3)
torch.addcdiv(tensor2=b, tensor1=w, input=x) ;; torch.lerp(x, w, b)
torch.lerp(end=w, input=x, weight=0.25) ;; torch.logaddexp(x, w) ;; torch.xlogy(p, q)
torch.special.xlog1py(p, q) ;; torch.special.expit(w) ;; torch.erf(w) ;; torch.special.entr(p)
torch.logit(p) ;; torch.logit(p, eps=0.2) ;; torch.nan_to_num(w, nan=1.5, posinf=9)
torch.isclose(x, w) ;; torch.isclose(x, w, atol=2) ;; torch.isnan(x) ;; torch.logical_not(x)
~(x > w) ;; torch.where(x > 1, w, b) ;; torch.where(x > 1, w, 0.0) ;; torch.where(x > 1, 0.0, w)
torch.heaviside(x, w) ;; w.sum() ;; w.mean() ;; w.prod() ;; w.norm() ;; w.max() ;; w.double()
w.to(torch.float64) ;; w.clone() ;; w.half() ;; w.to(dtype=torch.float64) ;; w.detach() * w
w.abs().sqrt() ;; (x * w + b).relu() ;; F.relu(x * w + b) ;; torch.tanh(x * w + b) * w
F.mse_loss(w, x) ;; F.mse_loss(w, x, reduction="sum") ;; F.l1_loss(w, x)
F.huber_loss(w, x, delta=0.3) ;; F.smooth_l1_loss(w, x, beta=0.5) ;; (x - w) ** 2
torch.sub(x, w).square() ;; w.item() * w ;; w * True ;; torch.dist(w, x) ;; torch.bitwise_not(x > w)
w * w * w ;; (w + b) * (w - b) ;; y = w if w > 0 else -w ;; y = w * 2 if x == 3 else b * 1
y = w * 1 if not x > w else w + b ;; z = w * 2; z.add_(b) ;; z = w * 2; z.add_(b, alpha=3)
z = w * 1; z.sub_(b) ;; z = w * 1; z.mul_(b) ;; z = w * 1; z.div_(x)
z = w * 1; z.div_(2, rounding_mode="floor") ;; z = w * 1; z.pow_(2) ;; z = w * 1; z.neg_()
z = w * 1; z += b ;; z = w * 1; z -= b ;; z = w * 1; z *= b ;; z = w * 1; z /= x
z = x * 1; z //= 2 ;; z = x * 1; z %= 2 ;; z = w * 1; z **= 2 ;; z = w * 1; z.relu_()
z = w * 1; z.exp_() ;; z = w * 1; z.sigmoid_() ;; z = w * 1; z.clamp_(max=1)
z = w * 1; z.addcmul_(x, b, value=2) ;; z = w * 1; F.relu(z, inplace=True)
z = w * 1; F.leaky_relu(z, 0.3, inplace=True) ;; z = w * 1; F.elu_(z, 2.0)
z = w * 1; z.lerp_(x, 0.5) ;; z = w * 1; z.fill_(5) ;; z = w * 1; z.zero_() ;; z = w * 1; z.copy_(b)
z = w * 1; z.remainder_(2)
""")

# On vectors, matrices and more.
TENSORS = programs("""
r + s ;; r * s ;; s / r ;; s ** 2 ;; s * p ;; p * s ;; 1 - s ;; 2 ** s ;; s > 0 ;; s == r ;; r // 2
7 % r ;; s + w ;; X + M[0] ;; W * M ;; W * s[0] ;; o * s ;; o - s ;; o / s ;; o.T * X ;; n + 2
n // 2 ;; 7 % n ;; -n ;; n * s ;; k * s ;; torch.div(n, 2) ;; torch.div(n, 2, rounding_mode="floor")
torch.add(s, r, alpha=0.5) ;; ~k ;; k & (r > 0) ;; k | (r > 0) ;; k ^ (r > 0) ;; n & 3 ;; n << 1
torch.bitwise_and(n, 6) ;; torch.logical_and(k, r) ;; s * s + s ;; e + 1 ;; e * 2 ;; 1 / e
e.relu() ;; F.relu(e) ;; e.abs() ;; e.sign() ;; e > 0 ;; e.clamp(min=-1) ;; e.sum()
torch.nan_to_num(e) ;; torch.nan_to_num(e, nan=2, neginf=0) ;; e.isnan() ;; torch.nansum(e)
e.nanmean() ;; e.exp() ;; r @ s ;; torch.dot(r, s) ;; torch.matmul(r, s) ;; torch.inner(r, s)
torch.outer(r, s) ;; torch.vdot(r, s) ;; X @ W ;; X @ M[0] ;; o @ r ;; r @ X ;; s @ X
torch.mm(X, W) ;; torch.mv(o, r) ;; torch.matmul(X, W) ;; X.mm(W) ;; torch.mm(mat2=W, input=X)
torch.matmul(other=W, input=X) ;; torch.mv(vec=r, input=o) ;; W @ W ;; B @ D ;; W @ D.mT
torch.bmm(B, D) ;; torch.bmm(mat2=D, input=B) ;; torch.addmm(M, X[:2], W)
torch.addmv(s, torch.eye(3), r, alpha=2) ;; torch.addmm(M, X[:2], W, beta=0.5, alpha=2)
torch.addmm(mat2=W, mat1=X[:2], input=M, alpha=3) ;; B @ r ;; torch.addbmm(M, B, D, beta=2)
torch.baddbmm(M, B, D, alpha=0.1) ;; torch.addr(X, r, M[0], alpha=2) ;; torch.chain_matmul(X, W, M)
torch.linalg.multi_dot([X, W, M]) ;; F.linear(X, W) ;; F.linear(X, W, M[0])
F.linear(X, bias=M[0], weight=W) ;; F.linear(weight=W, input=X) ;; F.linear(X[0], W)
F.linear(X[0], W, M[0]) ;; F.linear(W, W) ;; F.bilinear(X, X, D.reshape(3, 2, 2), s)
torch.tensordot(X, W, dims=1) ;; F.bilinear(M, M, B[:, :, :2]) ;; torch.tensordot(W, M, dims=2)
torch.tensordot(W, M, dims=([0], [1])) ;; torch.tensordot(W, M, ([0, 1], [1, 0]))
torch.einsum("ij,jk->ik", X, W) ;; torch.einsum("i,i->", r, s) ;; torch.einsum("ij->j", o)
torch.kron(W, M) ;; torch.einsum("ij,kj->ik", [X, W]) ;; torch.cross(r, s)
torch.linalg.cross(r, s) ;; torch.trace(W) ;; torch.det(W) ;; torch.inverse(W)
torch.linalg.solve(W, M) ;; torch.linalg.inv(W) ;; torch.linalg.matrix_power(W, 3)
torch.matrix_power(W, 2) ;; torch.linalg.norm(W) ;; torch.linalg.norm(W, ord=1)
torch.linalg.vector_norm(s, ord=3) ;; torch.linalg.matrix_norm(W, ord="nuc") ;; torch.norm(s)
torch.norm(s, p=1) ;; s.norm(1) ;; s.norm(p=3) ;; torch.norm(o, dim=1)
torch.norm(o, p=1, dim=0, keepdim=True) ;; s.sum() ;; o.sum(dim=0) ;; o.sum(1)
o.sum(-1, keepdim=True) ;; torch.sum(o, dim=(0, 1)) ;; o.sum(axis=0) ;; n.sum()
torch.sum(dim=1, input=o) ;; torch.sum(o, dtype=torch.float64) ;; o.sum([0, 1]) ;; k.sum()
s.mean() ;; o.mean(dim=0) ;; o.mean(1) ;; o.mean(dim=1, keepdim=True)
torch.mean(o, dtype=torch.float64) ;; torch.mean(o, 0) ;; o.mean(axis=1) ;; n.prod() ;; s.prod()
o.prod(dim=1) ;; o.prod(0, keepdim=True) ;; torch.prod(o, 1) ;; s.prod(dtype=torch.float64)
s.std() ;; s.std(correction=0) ;; s.std(unbiased=False) ;; o.std(dim=1) ;; o.std(0, correction=0)
s.var() ;; s.var(correction=2) ;; o.var(dim=1, keepdim=True) ;; torch.var(s, unbiased=False)
torch.var_mean(s) ;; s.cumsum(0) ;; o.cumsum(dim=1) ;; y, i = torch.std_mean(o, dim=1, correction=0)
torch.cumsum(o, 0) ;; o.cumprod(dim=1) ;; torch.logcumsumexp(o, dim=1) ;; torch.diff(s)
torch.diff(s, n=2) ;; torch.diff(o, dim=0) ;; s.softmax(0) ;; o.softmax(dim=1)
torch.softmax(o, 0) ;; F.softmax(o, dim=1) ;; F.softmax(o, dim=0) ;; F.log_softmax(o, dim=1)
F.softmin(s, dim=0) ;; F.normalize(o) ;; F.softmax(o, -1, dtype=torch.float64)
torch.logsumexp(o, dim=1) ;; torch.logsumexp(o, (0, 1)) ;; torch.dist(r, s, 1)
F.normalize(o, p=1, dim=0) ;; F.normalize(s, dim=0, eps=5) ;; F.cosine_similarity(o[0], o[1], dim=0)
F.pairwise_distance(o[:1], o[1:]) ;; F.pairwise_distance(o[:1], o[1:], p=1)
torch.cdist(o, o + 1, p=1.0) ;; F.mse_loss(s, r) ;; F.mse_loss(s, r, reduction="sum")
F.mse_loss(s, r, reduction="none") ;; F.l1_loss(s, r) ;; F.mse_loss(target=r, input=s)
F.l1_loss(s, r, reduction="sum") ;; F.smooth_l1_loss(s, r, beta=0.3) ;; F.smooth_l1_loss(s, r)
F.huber_loss(s, r, delta=0.4) ;; F.huber_loss(s, r, reduction="none")
F.binary_cross_entropy(torch.sigmoid(s), d) ;; F.binary_cross_entropy(s.sigmoid(), d, weight=d)
F.binary_cross_entropy(s.sigmoid(), d, reduction="sum") ;; F.binary_cross_entropy_with_logits(s, d)
F.binary_cross_entropy_with_logits(s, d, pos_weight=d, reduction="none")
F.cross_entropy(o, c[:2]) ;; F.cross_entropy(o, c[:2], reduction="sum")
F.cross_entropy(o, c[:2], label_smoothing=0.1) ;; F.cross_entropy(o, c[:2], weight=d)
F.cross_entropy(o, c[:2], ignore_index=0) ;; F.nll_loss(F.log_softmax(o, 1), c[:2])
F.cross_entropy(target=c[:2], input=o, reduction="none")
F.kl_div(s, d.log(), log_target=True, reduction="batchmean")
F.nll_loss(F.log_softmax(o, 1), c[:2], weight=d, reduction="sum") ;; F.kl_div(s, d, reduction="sum")
F.hinge_embedding_loss(s, g, margin=0.5) ;; F.soft_margin_loss(s, g)
F.margin_ranking_loss(s, r, g, margin=0.2) ;; F.cosine_embedding_loss(o, o + 1, g[:2], margin=0.3)
F.poisson_nll_loss(s, d, log_input=False) ;; F.triplet_margin_loss(o, o + 1, o * 2, margin=2.0, p=1)
F.gaussian_nll_loss(s, r, d) ;; F.glu(W, dim=0) ;; F.gaussian_nll_loss(s, r, d, full=True)
F.multi_margin_loss(o, c[:2], margin=0.5) ;; F.layer_norm(o, (3,))
F.multilabel_soft_margin_loss(o, (o > 0).float()) ;; F.layer_norm(o, (3,), s, r)
F.rms_norm(o, (3,), eps=0.5) ;; F.layer_norm(o, [3], bias=r, weight=s, eps=0.1)
F.group_norm(o, 3, s) ;; F.batch_norm(o, r, d) ;; F.glu(W)
F.batch_norm(o, None, None, training=True, eps=0.1) ;; F.prelu(o, s) ;; y, i = torch.topk(s, 2)
s.max() ;; y, i = s.topk(k=2, largest=False) ;; y, i = torch.topk(o, 1, dim=0)
y, i = torch.kthvalue(s, 2) ;; s.median() ;; y, i = o.kthvalue(1, dim=0, keepdim=True)
y, i = o.max(dim=1) ;; y, i = torch.min(o, 0, keepdim=True) ;; o.amax(dim=1) ;; o.amin((0, 1))
y, i = torch.sort(o, dim=1, descending=True) ;; y, i = s.sort() ;; s.argmax()
y, i = o.median(dim=1) ;; y, i = o.cummax(dim=1) ;; y, i = o.mode(1) ;; o.argmax(dim=1)
o.argmin(1, keepdim=True) ;; torch.argsort(s, descending=True) ;; torch.quantile(s, 0.3)
torch.quantile(o, 0.5, dim=1) ;; torch.roll(o, 1) ;; torch.roll(o, shifts=1, dims=1)
torch.roll(o, (1, 2), (0, 1)) ;; torch.flip(o, [0]) ;; torch.flip(s, dims=(0,)) ;; o.flip(0, 1)
torch.fliplr(o) ;; torch.rot90(o) ;; torch.rot90(o, 2, [0, 1]) ;; o.transpose(0, 1) ;; o.T ;; D.mT
torch.transpose(D, 1, 2) ;; torch.swapaxes(D, 0, 2) ;; o.t() ;; D.permute(2, 0, 1)
torch.permute(D, (1, 0, 2)) ;; D.permute(dims=(0, 2, 1)) ;; torch.movedim(D, 0, 2)
o.reshape(3, 2) ;; o.reshape(-1) ;; o.reshape((6,)) ;; o.view(-1) ;; torch.reshape(o, (3, 2))
o.view(3, 2) ;; o.flatten() ;; torch.flatten(D, 1) ;; D.flatten(start_dim=0, end_dim=1)
s.expand(2, 3) ;; s.expand(2, -1) ;; w.expand(3) ;; o.expand_as(o) ;; s.repeat(2) ;; s.repeat(2, 1)
s.unsqueeze(0) ;; s.unsqueeze(1) ;; w.squeeze() ;; w.unsqueeze(0).squeeze(1)
torch.unsqueeze(o, dim=1) ;; s.tile(2) ;; s.type_as(C) ;; s.repeat_interleave(2)
torch.broadcast_to(s, (2, 3)) ;; s.unfold(0, 2, 1) ;; F.pad(s, (1, 2)) ;; o.T.contiguous()
F.pad(s, (1, 1), value=9.0) ;; F.pad(o, (0, 1, 1, 0), "constant", 2)
F.pad(o[None], (1, 1), mode="reflect") ;; F.interpolate(I, scale_factor=2)
F.interpolate(I, size=(3, 3), mode="bilinear") ;; F.max_pool2d(I, 2)
F.interpolate(I, size=3, mode="bilinear", align_corners=True) ;; F.avg_pool2d(I, kernel_size=2)
F.unfold(I, 1) ;; F.avg_pool1d(o[None], 2, stride=1, padding=1) ;; F.adaptive_avg_pool1d(o[None], 2)
F.conv1d(o[None], D[:1].mT) ;; F.conv1d(o[None], D[:1].mT, padding=1, stride=2) ;; F.conv2d(I, I)
F.conv2d(I, I, bias=w, padding="same") ;; F.one_hot(c) ;; F.one_hot(c, num_classes=3)
F.embedding(c, W) ;; F.embedding(c, W, padding_idx=0) ;; F.embedding(weight=W, input=c)
F.embedding_bag(c[None], W, mode="sum") ;; torch.where(k, s, r) ;; s.where(k, r)
torch.where(k, s, 0.0) ;; torch.where(k, 1.0, s) ;; torch.where(input=s, condition=k, other=r)
s.masked_fill(k, 7.0) ;; torch.masked_fill(s, mask=k, value=-1) ;; s.masked_select(k)
s.index_select(0, i) ;; torch.index_select(o, 1, i) ;; o.index_select(dim=1, index=i[:2])
torch.gather(o, 1, i[None]) ;; o.gather(dim=0, index=c[None]) ;; torch.take(o, i)
torch.take_along_dim(s, i) ;; s.scatter(0, i, r) ;; s.scatter(0, i, 5.0) ;; s.scatter_add(0, c, r)
s.index_add(0, i, r) ;; s.index_add(0, i, r, alpha=2) ;; s.index_fill(0, i[:2], 3.0)
s.index_copy(0, i, r) ;; s.scatter_reduce(0, c, r, reduce="amax")
s.scatter_reduce(0, c, r, reduce="sum", include_self=False) ;; torch.cat([s, r])
torch.cat((s, w)) ;; torch.cat([X, W]) ;; torch.cat([W, M], dim=1) ;; torch.cat([W, M], 1)
torch.cat(tensors=[s, r], dim=0) ;; torch.concat([s, r]) ;; torch.stack([s, r])
torch.stack([s, r], dim=1) ;; torch.hstack([s, r]) ;; torch.vstack((s, r)) ;; torch.stack([p, q])
torch.cat([s, s]) ;; torch.block_diag(W, M) ;; y, i = torch.split(s, 2) ;; y, i = s.split([1, 2])
y, i = torch.chunk(o, 2) ;; y, i = o.chunk(2, dim=1) ;; y, i = o.unbind()
y, i = torch.tensor_split(s, 2) ;; s[0] ;; s[-1] ;; s[0:2] ;; s[:2] ;; s[1:] ;; s[::2] ;; o[0, 1]
o[0] ;; o[:, 1] ;; o[0, 1:3] ;; o[..., 0] ;; s[None] ;; o[:, None] ;; s[i] ;; s[k] ;; o[1, i]
s[[0, 2]] ;; s[()] ;; o[:, [0, 2]] ;; o[[0, 1], [1, 2]] ;; o[o > 1] ;; o[o > 1].sum() ;; D[1, 2, 0]
D[:, 0] ;; s[i[0]] ;; o[1][2] ;; s[i > 0] * 2 ;; o[torch.tensor([1, 0])] ;; z = s * 1; z[0] = 5.0
z = s * 1; z[1:] = r[1:] ;; z = o * 1; z[:, 0] = 0 ;; z = o * 1; z[0, 1] = w[0]
z = s * 1; z[k] = 1.5 ;; z = o * 1; z[z > 1] = 0.0 ;; z = s * 1; z[i] = r ;; z = o * 1; z[0] = s
z = o * 1; z[..., -1] = p ;; z = s * 1; z[:] = 0 ;; z = o * 1; z.t_()
z = s * 1; z.masked_fill_(k, 3.0) ;; z = s * 1; z.add_(r, alpha=2) ;; z = s * 1; z.scatter_(0, i, r)
z = s * 1; z.index_add_(0, i, r) ;; z = W * 1; z.addmm_(M, M, beta=0.5)
z = s * 1; z.clamp_(-1, 1) ;; o.tril() ;; torch.tril(o, 1) ;; torch.triu(o, diagonal=1) ;; W.diag()
torch.diag(s) ;; torch.diag(s, 1) ;; torch.diagonal(W, offset=1) ;; torch.diag_embed(s)
s.type(torch.float64) ;; s.to(torch.float64) ;; s.double() * 2 ;; s.half() ;; s.int() ;; n.float()
s.clone() ;; s.to(n) ;; torch.zeros_like(s) + s ;; torch.full_like(s, 2.5) * s
torch.ones_like(s) * w ;; s.new_tensor([1.0]) * w ;; s.new_full((2,), 3.0) * w
torch.arange(3) * s ;; s.any() ;; torch.searchsorted(d.sort()[0], r)
torch.bucketize(s, d.sort()[0]) ;; torch.bincount(c) ;; torch.unique(c)
torch.histc(r, bins=2, min=-2, max=2) ;; k.all() ;; o.any(dim=1) ;; torch.count_nonzero(o)
torch.trapezoid(s) ;; torch.count_nonzero(k, dim=0) ;; torch.trapezoid(s, dx=0.5)
torch.cumulative_trapezoid(s) ;; torch.cov(o) ;; torch.corrcoef(o) ;; torch.fft.fft(s).abs()
torch.fft.rfft(s, n=4).real ;; torch.view_as_real(Z) ;; torch.sgn(s)
torch.renorm(o, p=1, dim=0, maxnorm=2.0) ;; torch.polar(d, s) ;; torch.complex(s, r) ;; C * Z
C + 1 ;; Z.abs() ;; Z.real ;; Z.imag ;; Z.conj() ;; C[0] * Z[0] ;; Z * 2j ;; torch.angle(Z)
Z.sum() ;; C @ Z ;; -Z ;; Z ** 2 ;; C[0] + 1 ;; F.scaled_dot_product_attention(B, B, D.mT)
F.scaled_dot_product_attention(B, B, D.mT, is_causal=True)
F.scaled_dot_product_attention(B, B, D.mT, scale=0.5) ;; F.scaled_dot_product_attention(D, D, D)
torch.copysign(s, -r) ;; torch.ldexp(s, i) ;; torch.special.softmax(s, dim=0)
torch.polygamma(1, d) ;; torch.special.polygamma(2, d) ;; torch.mvlgamma(d + 3, 2)
torch.clamp(s, min=r) ;; torch.clamp(o, min=0, max=1.2) ;; torch.fmax(s, r) ;; torch.gradient(s)[0]
torch.vander(s, 2) ;; torch.cartesian_prod(s, r) ;; torch.combinations(s, 2)
q = s * 2; y = (q * q + q).sum() ;; q = X @ W; y = (q * q).mean()
a = F.relu(X @ W + M[0]); y = a.sum() ;; y = F.mse_loss(torch.tanh(X @ W) @ M[0], r)
y = (s * r).sum() / s.norm() ;; h = torch.tanh(s * r); y = (h @ h) * p
h = s.exp(); y = (h / h.sum()).log()[0] ;; y = ((o - o.mean(0)) ** 2).mean()
y = s.sum() * s.mean() + s[0]
""")

# What depends on chance.
RANDOM = programs("""
F.dropout(s) ;; F.dropout(s, p=0.3) ;; F.dropout(s, 0.5, training=False) * 2 ;; torch.bernoulli(d)
s * torch.rand(3) ;; torch.rand_like(s) * s ;; torch.randn_like(s) + s ;; torch.normal(r, d)
torch.randint_like(s, 5) * s ;; F.dropout1d(o[None], 0.5) ;; F.alpha_dropout(s, 0.4, training=True)
F.rrelu(s, training=True) ;; torch.poisson(d) ;; torch.multinomial(d, 2)
F.gumbel_softmax(s, tau=0.5) ;; z = s * 1; z.uniform_() ;; z = s * 1; z.normal_(2, 3)
z = s * 1; z.bernoulli_(0.3) ;; F.dropout(s * 2, inplace=True) ;; torch.bernoulli(d, p=0.5)
""")
