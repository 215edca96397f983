"""Every game goes on with the same settings, and not with others."""

import keras
import pytest

import kgan
from kgan import configurable
from tests.conformance.test_objectives import GAMES
from tests.conftest import networks

# One for each family, and one without optimizers.
FAST = (kgan.StandardGAN, kgan.WGANGP, kgan.ACGAN, kgan.VAE, kgan.GaussianSampler)
CASES = [pytest.param(cls, marks=() if cls in FAST else pytest.mark.slow, id=cls.__name__) for cls in GAMES]


@pytest.mark.few(2)
@pytest.mark.parametrize("objective", CASES)
def test_the_same_script_goes_on_and_an_edited_one_is_refused(objective, tmp_path, capsys):
    few = {"discriminator_steps": 2, "unroll_steps": 2, "consensus_weight": 0.1}
    known = configurable.arguments(objective)

    def script(epochs, rate=1e-3, batch_size=16, **options):
        options = {name: value for name, value in few.items() if name in known} | options
        gan = objective(*networks(objective), **options)
        gan.compile(**{f"{player}_optimizer": keras.optimizers.Adam(rate) for player in gan.players})
        gan.run_dir = tmp_path
        ring = kgan.datasets.RingOfGaussians(size=60, modes=4)
        data = (kgan.datasets.Domains(ring, ring) if gan.products[0].verb == "map" else ring).batches(batch_size)
        callbacks = [kgan.callbacks.Checkpoint()]
        gan.fit(data, steps_per_epoch=2, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
        return gan

    script(1)
    gan = script(2)
    assert int(gan.step.numpy()) == 4
    assert "going on from step 2, exactly." in capsys.readouterr().out
    edits = [({"batch_size": 32}, "data.batch_size 16 -> 32")]
    if gan.players:
        edits.append(({"rate": 5e-3}, f"{gan.players[0]}_optimizer.learning_rate 0.001 -> 0.005"))
    if "seed" in known:
        edits.append(({"seed": 7}, "seed 0 -> 7"))
    for edit, says in edits:
        with pytest.raises(ValueError, match=f"holds a training with other settings .*{says}"):
            script(2, **edit)
