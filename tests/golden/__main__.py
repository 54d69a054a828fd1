"""Draw the golden answers anew."""

from pathlib import Path

import numpy as np

from depth.estimation import Networks
from tests.golden import FOLDER, PEOPLE, Photograph, answer

networks = Networks(Path("models"))
for name, picture in PEOPLE.items():
    photograph = Photograph(picture())
    np.save(FOLDER / f"{name}.npy", answer(photograph, networks.estimate(photograph)))
