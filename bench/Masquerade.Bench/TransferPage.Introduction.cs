namespace Masquerade.Bench;

/// <summary>What the page says before anything was measured: how it is done.</summary>
internal static partial class TransferPage
{
    private const string Introduction = """
        # Transfer

        Do adversarial images fool a verifier that nobody attacked?

            masq run --model arcface.model.json --images lfw --pairs pairs.csv --landmarks landmarks.csv --attacks minimal --storage 8bit --take 50 --out runs/first
            masq transfer runs/first --to mini-robust

        shows the images that a run kept to other verifiers, each with its own alignment, input size, threshold and calibration, and writes
        what they make of them into the run's ledger, report and tables. `masq run --transfer-to mini-robust …` does the same right after
        the attacks. The run may be unfinished; interrupted, the same command goes on and ends with the same rows, and after more attacks it
        judges what is new. Each attacked model judges its own images, too: that tells what rounding and the way to another verifier take by
        themselves.

        ## The way to another verifier

        | way | what the judge sees |
        |---|---|
        | as it is | the image, rounded to 8 bits, mapped from the attacked model's crop to the judge's by the two known transforms, bilinear; unchanged where alignment and size are the same. Where the first crop does not reach, the clean photograph is seen |
        | `--paste` | the photograph with the perturbation put back into it (mapped by the inverse transform, added, rounded to 8 bits), aligned for the judge where the face is known to be |
        | `--detect` | a crop of the face that a detector finds in the image as it is, without margin; with `--paste`, in the photograph. Clean pairs are treated alike. No face found is an answer, too |

            masq transfer runs/first --to mini-robust --paste
            masq transfer runs/first --to mini-robust --detect

        Crops without photographs (`--aligned`) are mapped where the alignments' templates say how; from `facenet-160x160` or `none` to
        another alignment nothing says where the landmarks are, which is told in a line, and `--detect` looks for them.

        ## Services

            masq transfer runs/first --to rekognition --paste --max-calls 500 --record cassettes

        shows the images to a service: `rekognition` (AWS), `azure-face`, or any HTTP service that a small YAML file describes
        ([services](services.md)). It gets what an attacker would hand over, the crop or with `--paste` the photograph, and the photograph
        on file. What it would take is told first, and asked: photographs of people leave the machine only when somebody agreed (`--yes` in
        scripts), once for each address. Keys come from environment variables or `--key-file` and are written nowhere. Every answer is kept
        when it comes: none is paid for twice. `--record` saves the exchanges without secrets, and others check a result without the
        service:

            masq transfer runs/first --to rekognition --paste --replay cassettes

        ## What is measured

        - *Fooled*: of the pairs whose source attack succeeded and of whose clean photographs the judge was right. Its errors on clean pairs
          are shown beside and are in no success.
        - *Confidence in the right answer*, the study's measure: of a model P(same) or P(different) by its distance and threshold, of a
          service what it answers; 0 where no face was found. Means are over the images that exist, with their number, and over all pairs,
          where one without an image counts with its clean confidence.
        - Where no face is found, somebody is hidden, and nobody passes for somebody else.
        - Images that a run searched for under the 8-bit rule are what can be stored, sent or shown. Those searched for as floats are judged
          after rounding: what the attacked model itself makes of them tells how much rounding takes.
        """;
}
