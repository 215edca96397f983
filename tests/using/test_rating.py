"""The page of real-or-generated trials: its figures, what it tells and what it does not, in a real browser."""

import base64
import contextlib
import functools
import http.server
import io
import json
import re
import shutil
import threading
import time
from configparser import ConfigParser
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy.stats import binomtest

import kgan
from kgan import recipe
from kgan.cli import main
from kgan.images import to_uint8
from kgan.running import experiment
from kgan.runs import checkpoint
from kgan.using import rating
from kgan.using.export import export

RECIPE = """
steps: 1
batch_size: 4
precision: float32
dataset: DATASET
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {StandardGAN: {}}
optimizers:
  generator: {Adam: {}}
  discriminator: {Adam: {}}
"""

# --- the figures ---


@pytest.mark.parametrize("total", [1, 2, 7, 100, 1000])
def test_the_interval_is_wilsons(total):
    for correct in {0, 1, total // 3, total // 2, total - 1, total}:
        share, low, high = rating.accuracy(correct, total)
        expected = binomtest(correct, total).proportion_ci(method="wilson")
        assert share == correct / total
        np.testing.assert_allclose([low, high], [expected.low, expected.high], rtol=0, atol=1e-14)
        assert 0 <= low <= share <= high <= 1
        np.testing.assert_allclose(rating.accuracy(total - correct, total)[1:], [1 - high, 1 - low], atol=1e-15)
    z2 = rating.Z**2
    assert rating.accuracy(0, total)[1:] == (0.0, pytest.approx(z2 / (total + z2), rel=1e-14))


def test_the_interval_contains_a_half_exactly_where_guessing_is_not_rejected():
    for total in range(1, 200):
        for correct in range(total + 1):
            _, low, high = rating.accuracy(correct, total)
            assert (low <= 0.5 <= high) == (abs(2 * correct - total) <= rating.Z * total**0.5)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(correct, total):
    with pytest.raises(ValueError, match=f"got {correct} of {total}."):
        rating.accuracy(correct, total)


# --- what is in the page ---


def content(text):
    """The page's trials, its images decoded, and the truth."""
    trials = json.loads(re.search(r'id="trials">(.*?)</script>', text, re.DOTALL)[1])
    files = [base64.b64decode(image) for image in trials["images"]]
    hidden = np.frombuffer(base64.b64decode(trials["key"]), np.uint8)
    mask, bits = np.split(hidden, 2)
    real = np.unpackbits(mask ^ bits, bitorder="little")[: len(files)].astype(bool)
    pictures = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
    return trials, files, pictures, real


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_come_out_as_they_went_in_and_their_files_tell_nothing(channels):
    random = np.random.default_rng(0)
    images = random.integers(256, size=[21, 6, 9, channels], dtype=np.uint8)
    real = random.permutation(21) < 10
    _, files, pictures, decoded = content(rating.page(images, real, "toy", 3))
    np.testing.assert_array_equal(pictures.reshape(images.shape), images)
    np.testing.assert_array_equal(decoded, real)
    assert len({file[:33] for file in files}) == 1  # the signature and the header
    for file in files:
        assert re.findall(rb"IHDR|IDAT|IEND|tEXt|zTXt|iTXt|tIME|pHYs|gAMA|sRGB|eXIf|PLTE|tRNS", file)[::2] == [
            b"IHDR", b"IEND",
        ]  # fmt: skip


def test_a_page_of_a_hundred_small_images_is_small_and_names_no_address():
    noise = np.random.default_rng(0).integers(256, size=[100, 28, 28, 1], dtype=np.uint8)  # no picture is larger
    text = rating.page(noise, np.arange(100) % 2 == 0, "toy", 3)
    assert len(text.encode()) < 300_000
    written = re.sub(r'id="trials">.*?</script>', "", text, flags=re.DOTALL)
    assert not re.search(r"https?:|url\(|@import|fetch|XMLHttp|WebSocket|sendBeacon|import\(|\ssrc=", written)
    assert re.findall(r"<link.*?>|href=\S*", written) == ['<link rel="icon" href="data:,">']


def test_the_page_is_known_by_its_content():
    images = np.arange(4, dtype=np.uint8).reshape([4, 1, 1, 1])
    pages = [
        rating.page(images, [True, False, True, False], "a", 1),
        rating.page(images, [False, True, True, False], "a", 1),
        rating.page(images, [True, False, True, False], "b", 1),
        rating.page(images, [True, False, True, False], "a", 2),
        rating.page(images[::-1], [True, False, True, False], "a", 1),
    ]
    assert len({content(text)[0]["page"] for text in pages}) == len(pages)
    assert pages[0] == rating.page(images, [True, False, True, False], "a", 1)


def test_the_page_is_part_of_the_package():
    setup = ConfigParser()
    setup.read(Path(kgan.__file__).parents[1] / "setup.cfg")
    assert "rating.html" in setup["options.package_data"]["kgan.using"].split()


# --- from a run to a page ---


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run folders of untrained generators: `pixels` (also exported and saved), `floats`, `vectors` and `classes`."""
    folder = tmp_path_factory.mktemp("runs")
    random = np.random.default_rng(0)
    pixels = random.integers(256, size=[40, 8, 8, 3], dtype=np.uint8)
    np.savez(folder / "pixels.npz", images=pixels, labels=np.resize([1, 3], 40))
    np.savez(folder / "floats.npz", images=random.uniform(-1, 1, [40, 8, 8, 3]).astype("float32"))
    archive = "{NPZ: {path: FOLDER/pixels.npz, labels: labels}}"
    for name, dataset in {
        "pixels": archive, "classes": archive, "floats": "{NPZ: {path: FOLDER/floats.npz}}",
        "vectors": "{RingOfGaussians: {size: 8}}",
    }.items():  # fmt: skip
        run = folder / name
        run.mkdir()
        (run / "recipe.yaml").write_text(RECIPE.replace("DATASET", dataset).replace("FOLDER", str(folder)))
        gan = conditional() if name == "classes" else experiment.build(recipe.load(run / "recipe.yaml"))[1]
        checkpoint.save(gan, run / "checkpoints", {})
        if name == "pixels":
            export(gan, folder / "export")
            gan.save(folder / "game.keras")
            checkpoint.save(gan, folder / "script" / "checkpoints", {})
    return folder


def conditional():
    """A game whose images of class k have all pixels at about 60 k."""
    z, x, y = keras.Input([2]), keras.Input([8, 8, 3]), keras.Input([], dtype="int32")
    embedding = keras.layers.Embedding(4, 192)
    flat = keras.layers.Dense(192, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(z)
    image = keras.layers.Reshape([8, 8, 3])(keras.layers.Add()([flat, embedding(y)]))
    embedding.set_weights([np.repeat(np.arange(4.0)[:, None] * 60 / 127.5 - 1, 192, axis=1)])
    score = keras.layers.Dense(1)(keras.layers.Flatten()(x))
    gan = kgan.StandardGAN(keras.Model([z, y], image), keras.Model(x, score))
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan


def rate(run, out, count=20, seed=0):
    return content(rating.rate(run, count, seed, out).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["pixels", "floats"])
def test_half_are_the_data_sets_and_half_the_generators(runs, tmp_path, name):
    trials, _, pictures, real = rate(runs / name, tmp_path / "page.html")
    with np.load(runs / f"{name}.npz") as arrays:
        stored = arrays["images"] if name == "pixels" else to_uint8(arrays["images"])
    known = {image.tobytes() for image in stored}
    assert (trials["run"], trials["step"], real.sum()) == (name, 0, 10)
    assert [picture.tobytes() in known for picture in pictures] == real.tolist()
    assert len({picture.tobytes() for picture in pictures}) == 20
    # Samples that the run's own pictures have shown would be recognised.
    shown = {image.tobytes() for image in kgan.load(runs / name).sample(64, seed=0)}
    assert not shown & {picture.tobytes() for picture in pictures}


def test_the_seed_decides_everything(runs, tmp_path):
    first, again, other = (rate(runs / "pixels", tmp_path / "page.html", seed=seed) for seed in (0, 0, 1))
    assert first[0] == again[0]
    assert first[0]["page"] != other[0]["page"]
    assert first[3].tolist() != other[3].tolist()
    assert not {i.tobytes() for i in first[2][~first[3]]} & {i.tobytes() for i in other[2][~other[3]]}


def test_a_conditional_generator_is_asked_for_the_data_sets_own_labels(runs, tmp_path):
    _, _, pictures, real = rate(runs / "classes", tmp_path / "page.html", 40)
    classes = np.round(pictures[~real].mean(axis=(1, 2, 3)) / 60)
    assert set(classes) == {1, 3}


@pytest.mark.parametrize(
    ("run", "options", "says"),
    [
        ("pixels", ["--out", "page.htm"], "kgan: --out page.htm: expected the name of an HTML file, like page.html."),
        ("pixels", ["-n", "3"], "kgan: -n 3: expected an even number from 2 on, for half of the images are real."),
        ("pixels", ["-n", "82"], "kgan: -n 82: expected at most 80; the data set has 40 images."),
        ("vectors", [], "makes vectors of shape (2,); only pictures can be rated by eye."),
        ("export", [], "does not say which data set is the real one; give the run folder of a `kgan fit`."),
        ("script", [], "does not say which data set is the real one; give the run folder of a `kgan fit`."),
        ("game.keras", [], "does not say which data set is the real one; give the run folder of a `kgan fit`."),
        ("nowhere", [], "is no .keras file, run folder or exported SavedModel."),
        ("pixels", ["-n", "0"], "kgan rate: Invalid value for '-n': 0 is not in the range 2<=x<=10000."),
    ],
)
def test_what_cannot_be_rated_is_refused_in_a_line_and_nothing_written(runs, tmp_path, monkeypatch, run, options, says):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["rate", str(runs / run), "--out", "page.html", *options], catch_exceptions=False)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_command(runs, tmp_path):
    out = tmp_path / "new" / "page.html"
    arguments = ["rate", str(runs / "pixels"), "--out", str(out), "-n", "4", "--seed", "5"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{out}\n", "")
    assert len(content(out.read_text())[2]) == 4
    assert [entry.name for entry in out.parent.iterdir()] == ["page.html"]


# --- the page in a browser ---

COUNT = 14
REAL = np.random.default_rng(3).permutation(COUNT) < COUNT // 2
TRUTH = ["real" if real else "generated" for real in REAL]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1000,900",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless browser; it neither looks for a driver nor reports."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    from selenium import webdriver

    folder = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in [*FLAGS, f"--user-data-dir={folder / 'profile'}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SE_OFFLINE", "true")
        environment.setenv("SE_AVOID_STATS", "true")
        browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    browser.downloads = folder / "downloads"
    yield browser
    browser.quit()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *rest):
        pass


@pytest.fixture
def browser(chromium, tmp_path):
    """The browser with the page open, and nothing stored.

    From a server: Chromium 156 now and then forgets what pages in files have stored, so that closed tabs lose answers.
    """
    images = np.random.default_rng(0).integers(256, size=[COUNT, 8, 8, 3], dtype=np.uint8)
    page = tmp_path / "page.html"
    page.write_text(rating.page(images, REAL, "toy", 12_000), encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    chromium.file, chromium.page = page, f"http://127.0.0.1:{server.server_port}/page.html"
    chromium.get(chromium.page)
    chromium.execute_script("localStorage.clear()")
    reload(chromium)
    chromium.get_log("browser")
    yield chromium
    server.shutdown()
    server.server_close()
    thread.join()
    assert chromium.get_log("browser") == []  # no error, and nothing that the page's policy had to stop


def reload(browser):
    """Reloads the page and waits for the new one: on a busy machine the driver may return before its script has run."""
    browser.execute_script("window.old = true")
    browser.refresh()
    ready = "return document.readyState === 'complete' && !window.old"
    comes(browser, lambda: browser.execute_script(ready))


def comes(browser, condition):
    """Waits for a condition, 20 seconds at most."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20, poll_frequency=0.02).until(lambda driver: condition())


def click(browser, *ids):
    for name in ids:
        browser.find_element("id", name).click()


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(browser, duration=0).send_keys(key).perform()


def text(browser, name):
    return browser.find_element("id", name).text


def shown(browser):
    """The one section that is visible."""
    (name,) = browser.execute_script("return [...document.querySelectorAll('section:not([hidden])')].map((s) => s.id)")
    return name


def table(browser):
    return {(t, a): int(text(browser, f"{t}-{a}")) for t in ("real", "generated") for a in ("real", "generated")}


def downloaded(browser):
    """What the page gives to keep."""
    file = browser.downloads / f"kgan-rating-{browser.execute_script('return trials.page')}.json"
    file.unlink(missing_ok=True)
    click(browser, "download")
    end = time.monotonic() + 10
    while not file.is_file() and time.monotonic() < end:
        time.sleep(0.02)
    return json.loads(file.read_text())


def test_right_answers_by_mouse_give_all(browser):
    assert shown(browser) == "intro"
    assert "toy, step 12,000" in text(browser, "intro")
    assert f"You will see {COUNT} images" in text(browser, "intro")
    click(browser, "begin")
    for number, truth in enumerate(TRUTH, 1):
        assert text(browser, "count") == f"{number} of {COUNT}"
        click(browser, truth)
    assert shown(browser) == "finish"
    click(browser, "show")
    assert text(browser, "share") == "100.0%"
    _, low, _ = rating.accuracy(COUNT, COUNT)
    assert text(browser, "interval") == f"14 of 14 right; 95% interval {low:.1%} to 100.0% (Wilson)."
    assert "this rater can tell real from generated" in text(browser, "meaning")
    assert table(browser) == {
        ("real", "real"): 7, ("real", "generated"): 0, ("generated", "real"): 0, ("generated", "generated"): 7,
    }  # fmt: skip
    assert len(browser.find_elements("css selector", ".gallery img")) == COUNT
    assert re.fullmatch(r"Median time for an answer: \d+\.\d s\.", text(browser, "time"))


def test_random_answers_by_keyboard_give_pythons_figures_and_can_be_downloaded(browser):
    from selenium.webdriver.common.keys import Keys

    random = np.random.default_rng(1)
    answers = random.choice(["real", "generated"], COUNT).tolist()
    keys = {"real": ["r", "R", Keys.ARROW_LEFT], "generated": ["g", "G", Keys.ARROW_RIGHT]}
    press(browser, Keys.TAB, Keys.ENTER, *(str(random.choice(keys[answer])) for answer in answers))
    assert shown(browser) == "finish"
    press(browser, Keys.TAB, Keys.ENTER)
    assert shown(browser) == "results"
    correct = sum(answer == truth for answer, truth in zip(answers, TRUTH, strict=True))
    share, low, high = rating.accuracy(correct, COUNT)
    assert text(browser, "share") == f"{share:.1%}"
    assert text(browser, "interval") == f"{correct} of {COUNT} right; 95% interval {low:.1%} to {high:.1%} (Wilson)."
    assert "no evidence" in text(browser, "meaning")
    pairs = list(zip(TRUTH, answers, strict=True))
    assert table(browser) == {pair: pairs.count(pair) for pair in table(browser)}
    captions = [image.get_attribute("alt") for image in browser.find_elements("css selector", ".gallery img")]
    assert sorted(captions) == sorted(f"Image {n}: {t}, called {a}" for n, (t, a) in enumerate(pairs, 1))

    record = downloaded(browser)
    assert list(record) == ["page", "run", "step", "correct", "total", "accuracy", "interval", "answers"]
    assert (record["run"], record["step"], record["correct"], record["total"]) == ("toy", 12_000, correct, COUNT)
    np.testing.assert_allclose([record["accuracy"], *record["interval"]], [share, low, high], rtol=0, atol=1e-12)
    assert [(a["trial"], a["truth"], a["answer"]) for a in record["answers"]] == [
        (number, *pair) for number, pair in enumerate(pairs, 1)
    ]
    assert all(0 <= a["milliseconds"] < 60_000 for a in record["answers"])


def test_the_pages_interval_is_pythons(browser):
    cases = [(correct, total) for total in (1, 2, 3, 10, 100, 997) for correct in range(0, total + 1, 1 + total // 9)]
    cases += [(total, total) for total in (1, 10, 10_000)]
    figures = browser.execute_script("return arguments[0].map(([correct, total]) => accuracy(correct, total))", cases)
    np.testing.assert_allclose(figures, [rating.accuracy(*case) for case in cases], rtol=0, atol=1e-12)
    words = browser.execute_script(
        "return [[0.1, 0.49], [0.4, 0.5], [0.5, 0.6], [0.51, 0.9]].map((c) => meaning(...c))"
    )
    assert ["below 50%" in w for w in words] == [True, False, False, False]
    assert ["no evidence" in w for w in words] == [False, True, True, False]
    assert ["above 50%" in w for w in words] == [False, False, False, True]


def test_a_reload_and_a_closed_tab_lose_nothing(browser):
    click(browser, "begin", *TRUTH[:3])
    reload(browser)
    assert text(browser, "begin") == "Go on with image 4"
    click(browser, "begin", *TRUTH[3:5])
    browser.switch_to.new_window("tab")
    first, second = browser.window_handles
    browser.switch_to.window(first)
    browser.close()
    browser.switch_to.window(second)
    browser.get(browser.page)
    click(browser, "begin", *TRUTH[5:])
    reload(browser)
    assert shown(browser) == "finish"
    click(browser, "show")
    reload(browser)
    assert shown(browser) == "results"
    assert text(browser, "share") == "100.0%"


def test_a_reload_loses_nothing_where_the_browser_forgets_what_files_store(browser):
    click(browser, "begin", *TRUTH[:2])
    older = browser.execute_script("return localStorage.getItem(place)")
    click(browser, TRUTH[2])
    browser.execute_script("localStorage.setItem(place, arguments[0])", older)
    reload(browser)
    assert text(browser, "begin") == "Go on with image 4"
    click(browser, "begin", *TRUTH[3:], "show")
    browser.execute_script("localStorage.clear()")
    reload(browser)
    assert text(browser, "share") == "100.0%"
    # Another page at the same address has nothing of this.
    other = browser.file.read_text(encoding="utf-8").replace('"page": "', '"page": "another-')
    browser.file.write_text(other, encoding="utf-8")
    reload(browser)
    assert text(browser, "begin") == "Begin"


def test_two_tabs_share_their_answers(browser):
    (first,) = browser.window_handles
    click(browser, "begin", *TRUTH[:2])
    browser.switch_to.new_window("tab")
    browser.get(browser.page)
    click(browser, "begin", *TRUTH[2:4])
    browser.close()
    browser.switch_to.window(first)
    comes(browser, lambda: text(browser, "count") == f"5 of {COUNT}")  # the browser tells the other tab in its own time


def test_undo_takes_back_the_last_answer_until_the_results_are_seen(browser):
    wrong = ["generated" if truth == "real" else "real" for truth in TRUTH]
    press(browser, "r", "u")  # nothing has begun
    click(browser, "begin")
    assert not browser.find_element("id", "undo").is_enabled()
    click(browser, wrong[0], wrong[1], "undo", "undo", *TRUTH[:-1], wrong[-1])
    assert shown(browser) == "finish"
    press(browser, "u")
    assert text(browser, "count") == f"{COUNT} of {COUNT}"
    press(browser, "\ue003", "\ue003")  # backspace
    assert text(browser, "count") == f"{COUNT - 2} of {COUNT}"
    click(browser, *TRUTH[-3:], "show")
    press(browser, "u", "r")
    assert (shown(browser), text(browser, "share")) == ("results", "100.0%")


def test_a_key_that_is_held_down_and_browser_shortcuts_are_no_answers(browser):
    click(browser, "begin")
    browser.execute_script(
        "const press = (options) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
        "{bubbles: true, cancelable: true, ...options}));"
        "press({key: 'r'}); press({key: 'r', repeat: true}); press({key: 'r', ctrlKey: true});"
        "press({key: 'ArrowLeft', altKey: true}); press({key: 'r', metaKey: true}); press({key: 'x'});"
    )
    assert text(browser, "count") == f"2 of {COUNT}"


def test_the_truth_is_not_to_be_seen_before_the_end(browser):
    source = browser.file.read_text()
    trials, _, _, _ = content(source)
    assert set(trials) == {"page", "run", "step", "key", "images"}
    assert not re.search("true|false|real|fake|generated", json.dumps(trials | {"images": 0, "key": 0}))
    bits = np.packbits(REAL, bitorder="little").tobytes(), np.packbits(REAL).tobytes()
    assert not any(base64.b64encode(b).decode().rstrip("=") in trials["key"] for b in bits)
    click(browser, "begin")
    states = set()
    for truth in TRUTH[:-1]:
        click(browser, truth)
        document = browser.execute_script("return document.body.querySelector('main').outerHTML")
        states.add(re.sub(r'src="[^"]*"|value="\d+"|\d+ of \d+|Image \d+', "", document))
        assert not browser.find_element("id", "download").is_displayed()
    assert len(states) == 1


def test_start_again_asks_first(browser):
    click(browser, "begin", *TRUTH[:3])
    browser.find_element("css selector", "#trial .again").click()
    assert "Your 3 answers are removed" in text(browser, "ask")
    press(browser, "r")  # the question is open
    click(browser, "keep")
    assert text(browser, "count") == f"4 of {COUNT}"
    browser.find_element("css selector", "#trial .again").click()
    click(browser, "discard")
    assert (shown(browser), text(browser, "begin")) == ("intro", "Begin")
    reload(browser)
    click(browser, "begin")
    assert text(browser, "count") == f"1 of {COUNT}"


@contextlib.contextmanager
def before_the_page(browser, script):
    command = "Page.addScriptToEvaluateOnNewDocument"
    added = browser.execute_cdp_cmd(command, {"source": script})
    try:
        reload(browser)
        yield
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})",
        "Object.defineProperty(window, 'localStorage', {value: null})",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
    ],
)
def test_without_storage_the_page_says_so_and_goes_on(browser, broken):
    assert text(browser, "notice") == ""
    with before_the_page(browser, broken):
        assert "the answers are lost when it is closed" in text(browser, "notice")
        click(browser, "begin", *TRUTH, "show")
        assert text(browser, "share") == "100.0%"
        assert downloaded(browser)["correct"] == COUNT


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "stored",
    ["{", "null", "[]", '{"answers": [["maybe", 1]]}', '{"answers": [["real", null]]}', '{"answers": 3}',
     json.dumps({"answers": [["real", 1]] * (COUNT + 1)}), '{"answers": [], "seen": true}'],
)  # fmt: skip
def test_what_another_page_stored_under_the_name_is_ignored(browser, stored):
    browser.execute_script("localStorage.setItem(place, arguments[0])", stored)
    reload(browser)
    assert (shown(browser), text(browser, "begin")) == ("intro", "Begin")


def test_no_request_leaves_the_page(browser):
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *rest):
            asked.append(self.path)

    folder = browser.file.parent
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        site = f"http://127.0.0.1:{server.server_port}"
        browser.get_log("performance")
        browser.get(f"{site}/page.html")
        click(browser, "begin", *TRUTH, "show")
        downloaded(browser)
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        requests = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
        assert f"{site}/page.html" in requests
        outside = [url for url in requests if not url.startswith(("data:", "blob:"))]
        assert outside == [f"{site}/page.html"]
        assert browser.get_log("browser") == []
        # Not even if something inside it tried.
        blocked = browser.execute_async_script(
            "const done = arguments[0], image = new Image();"
            "image.onload = () => done('loaded');"
            "image.onerror = () => fetch('/leak').then(() => done('fetched'), () => done('blocked'));"
            "image.src = '/leak.png'"
        )
        assert blocked == "blocked"
        inline = "const s = document.createElement('script'); s.text = 'window.run = 1'; document.body.append(s);"
        assert browser.execute_script(f"{inline} return window.run") is None
        assert asked == ["/page.html"]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        browser.get_log("browser")  # what the policy stopped
        browser.get(browser.page)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1200, 900), (640, 320)])
def test_pixels_are_crisp_squares_and_nothing_overflows(browser, width, height):
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        reload(browser)
        overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert browser.execute_script(overflow) == 0
        click(browser, "begin")
        box = browser.find_element("id", "picture").rect
        assert box["width"] == box["height"] >= 80
        assert box["width"] % 8 == 0
        assert browser.find_element("id", "picture").value_of_css_property("image-rendering") == "pixelated"
        buttons = browser.find_element("id", "generated").rect
        assert buttons["y"] + buttons["height"] <= height  # without scrolling
        assert browser.execute_script(overflow) == 0
        click(browser, *TRUTH, "show")
        assert browser.execute_script(overflow) == 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(
    "name",
    ["<script>document.title = 'taken'</script>", "{{trials}}", "</script><img src=x>", "a\udcff&amp;" + "w" * 300],
)
def test_the_name_of_a_run_is_text(browser, tmp_path, name):
    page = tmp_path / "named.html"
    images = np.zeros([2, 8, 8, 1], np.uint8)
    page.write_text(rating.page(images, [True, False], name, 1), encoding="utf-8")
    browser.get(page.as_uri())
    expected = name.replace("\udcff", "�")
    assert browser.execute_script("return trials.run") == expected
    assert text(browser, "intro").splitlines()[1] == f"{expected}, step 1"
    assert browser.title.startswith("Real or generated?")
    assert not browser.find_elements("css selector", "main img:not(#picture)")
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
