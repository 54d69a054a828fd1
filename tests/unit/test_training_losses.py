"""What the losses ask for, and what they leave free."""

import pytest

torch = pytest.importorskip("torch")

from training import losses  # noqa: E402 - only where torch is


@pytest.fixture
def truth() -> "torch.Tensor":
    return torch.rand(2, 64, 64, generator=torch.Generator().manual_seed(1)).cumsum(2) / 32


def seeded() -> "torch.Generator":
    return torch.Generator().manual_seed(0)


def test_scale_and_shift_of_depth_are_free(truth: "torch.Tensor") -> None:
    mask = torch.ones_like(truth)
    same = losses.depth_loss(truth, truth, mask, seeded())
    scaled = losses.depth_loss(7 * truth - 3, truth, mask, seeded())
    assert scaled.item() == pytest.approx(same.item(), abs=0.02)
    assert losses.depth_loss(-truth, truth, mask, seeded()) > 3 * same + 3


def test_what_is_outside_people_does_not_count(truth: "torch.Tensor") -> None:
    mask = torch.zeros_like(truth)
    mask[:, 10:50, 10:50] = 1
    elsewhere = torch.where(mask > 0, truth, truth + 100)
    inside = losses.depth_loss(truth, truth, mask, seeded())
    assert losses.depth_loss(elsewhere, truth, mask, seeded()).item() == pytest.approx(inside.item(), abs=1e-4)


def test_a_picture_without_people_asks_for_no_depth(truth: "torch.Tensor") -> None:
    guess = truth.clone().requires_grad_()
    losses.depth_loss(guess, truth, torch.zeros_like(truth), seeded()).backward()
    assert guess.grad is not None and not guess.grad.any()


def test_a_flat_face_behind_a_near_hand_is_still_wrong() -> None:
    truth = torch.zeros(1, 64, 64)
    truth[:, :16, :16] = 10
    truth[:, 32:, 32:] = 0.5 * torch.linspace(-1, 1, 32).square()
    flat = truth.clone()
    flat[:, 32:, 32:] = truth[:, 32:, 32:].mean()
    mask = torch.ones_like(truth)
    wrong = losses.relief_loss(*(losses.normalised(v, mask, 1e-6) for v in (flat, truth)), mask, 16, seeded())
    right = losses.relief_loss(*(losses.normalised(v, mask, 1e-6) for v in (truth, truth)), mask, 16, seeded())
    assert wrong > 4 * right and wrong > 0.1  # not 0: more than three deviations are not asked for


def test_the_wrong_order_costs_more_than_none() -> None:
    goal = torch.linspace(-2, 2, 64).repeat(1, 64, 1)
    mask = torch.ones_like(goal)
    costs = [losses.order_loss(sign * goal, goal, mask, generator=seeded()).item() for sign in (1, 0, -1)]
    assert costs[0] < costs[1] < costs[2]


def test_windows_keep_what_they_cut() -> None:
    values = torch.arange(2 * 5 * 6).reshape(2, 5, 6)
    cut = losses.windows(values, 2)
    assert cut.shape == (12, 2, 2)
    assert torch.equal(cut[0], values[0, :2, :2])
    assert torch.equal(cut[-1], values[1, 2:4, 4:6])


def test_normals_cost_nothing_where_they_are_unknown() -> None:
    truth = torch.zeros(1, 3, 32, 32)
    truth[:, 2, :16] = 1
    mask = torch.ones(1, 32, 32)
    mask[:, :4] = 0
    guess = torch.zeros_like(truth)
    guess[:, 2, 4:16] = 1
    guess[:, 0, :4] = guess[:, 0, 16:] = 1
    assert losses.normals_loss(guess, truth, mask).item() == pytest.approx(0, abs=1e-6)
    assert losses.normals_loss(-guess, truth, mask).item() == pytest.approx(2, abs=1e-6)


def test_the_whole_body_weighs_more_than_its_edges(truth: "torch.Tensor") -> None:
    """A trunk that leans the wrong way costs more than noise of the same size."""
    mask = torch.ones_like(truth)
    leaning = truth + 0.6 * truth.std() * torch.linspace(1, -1, 64)[None, :, None]
    noisy = truth + 0.35 * truth.std() * torch.randn(truth.shape, generator=seeded())
    assert (leaning - truth).std().item() == pytest.approx((noisy - truth).std().item(), rel=0.05)
    costs = [losses.depth_loss(guess, truth, mask, seeded()) for guess in (leaning, noisy)]
    assert costs[0] > 0.4 * costs[1]


def test_alpha_in_the_soft_band_weighs_more() -> None:
    alpha = torch.zeros(1, 32, 32)
    alpha[:, :16] = 1
    soft = alpha.clone()
    soft[:, 15:17] = 0.5
    logits = torch.where(soft > 0.4, 8.0, -8.0)
    assert losses.alpha_loss(logits, soft) > 3 * losses.alpha_loss(logits, alpha)
