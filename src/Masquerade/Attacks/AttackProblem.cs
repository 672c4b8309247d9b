using System.Diagnostics;
using Masquerade.Detection;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Attacks;

/// <summary>The rule that an adversarial image is judged under.</summary>
public enum StorageRule
{
    /// <summary>The image as computed.</summary>
    Float,

    /// <summary>The image after rounding to 8 bits a channel: what can be stored, sent or shown.</summary>
    EightBit,
}

/// <summary>Settings of a problem beside its pairs.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Storage">What counts as adversarial.</param>
/// <param name="KeepLast">Whether failed pairs keep the last image that was judged.</param>
public sealed record AttackSettings(long Seed = 0, StorageRule Storage = StorageRule.Float, bool KeepLast = false);

/// <summary>
/// A batch under attack: probes, reference embeddings and goals, and all that an attacker may ask of the verifier. It evaluates,
/// differentiates and counts, so that no attack can look at the model without being counted. The engine that serves the model decides what
/// is adversarial; the gradient engine only points the way. Whatever an attack proposes is clipped to [0,1], and rounded where only 8-bit
/// images count, before it is judged.
/// </summary>
/// <remarks>
/// Behind a random defense an image counts only if it fools the verifier in every one of <see cref="DefendedVerifier.Samples"/> draws, the
/// same ones at every look, so that a search sees one boundary; gradients are means over as many draws, fresh ones every time (EOT). Each
/// draw is counted as a pass.
/// <para>
/// Tensors that it hands out hold the active pairs only, in the order of <see cref="Active"/>, and are its own: do not dispose them.
/// </para>
/// </remarks>
public sealed class AttackProblem : IDisposable
{
    private readonly AttackedVerifier _verifier;
    private readonly PairClassifier _classifier;
    private readonly AttackSettings _settings;
    private readonly IReadOnlyList<string> _pairs;
    private readonly CancellationToken _cancellation;
    private readonly Action<int>? _forwarded;
    private readonly PairBooks[] _books;
    private readonly Tensor _probes;
    private readonly Stopwatch _clock = new();
    private List<int> _active;
    private Tensor _clean;
    private Tensor _images;

    /// <param name="verifier">Who is to be fooled; differentiable for attacks that need gradients.</param>
    /// <param name="probes">Clean probes, float32 [N,3,H,W] in [0,1]; copied.</param>
    /// <param name="references">Unit embeddings of the references as this verifier has them, float32 [N,D]; copied.</param>
    /// <param name="goals">The goal of each pair.</param>
    /// <param name="pairs">The id of each pair; random draws depend on it.</param>
    /// <param name="settings">Seed and rules.</param>
    /// <param name="forwarded">Told after each evaluation how many images went through a network.</param>
    /// <param name="cancellation">Stops the attack between two evaluations.</param>
    public AttackProblem(
        DefendedVerifier verifier, Tensor probes, Tensor references, IReadOnlyList<AttackGoal> goals, IReadOnlyList<string> pairs,
        AttackSettings settings, Action<int>? forwarded = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        ArgumentNullException.ThrowIfNull(probes);
        ArgumentNullException.ThrowIfNull(references);
        ArgumentNullException.ThrowIfNull(goals);
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(settings);
        var count = (int)probes.shape[0];
        if (count == 0 || references.shape[0] != count || goals.Count != count || pairs.Count != count)
            throw new ArgumentException(
                $"{count} probes, {references.shape[0]} references, {goals.Count} goals, {pairs.Count} ids",
                nameof(probes));
        _verifier = new AttackedVerifier(verifier, references, goals, pairs, settings.Seed);
        _classifier = new PairClassifier(verifier.Threshold);
        _settings = settings;
        _pairs = pairs;
        _forwarded = forwarded;
        _cancellation = cancellation;
        _books = [.. goals.Select(g => new PairBooks(g))];
        _active = [.. Enumerable.Range(0, count)];
        using var scope = NewDisposeScope();
        _probes = probes.detach().contiguous().clone().DetachFromDisposeScope();
        _clean = _probes.alias().DetachFromDisposeScope();
        _images = _clean.alias().DetachFromDisposeScope();
    }

    /// <summary>As the other, of a verifier without a defense.</summary>
    /// <inheritdoc cref="AttackProblem(DefendedVerifier, Tensor, Tensor, IReadOnlyList{AttackGoal}, IReadOnlyList{string}, AttackSettings, Action{int}?, CancellationToken)"/>
    public AttackProblem(
        FaceVerifier verifier, Tensor probes, Tensor references, IReadOnlyList<AttackGoal> goals, IReadOnlyList<string> pairs,
        AttackSettings settings, Action<int>? forwarded = null, CancellationToken cancellation = default)
        : this(new DefendedVerifier(verifier), probes, references, goals, pairs, settings, forwarded, cancellation)
    {
    }

    /// <summary>Whether gradients can be had.</summary>
    public bool IsDifferentiable => _verifier.IsDifferentiable;

    /// <summary>Passes that one gradient costs, and one look at most: more than one behind a random defense or a detector.</summary>
    public int CallsPerLook => _verifier.BackwardsPerGradient;

    /// <summary>Whether images may be refused: then an image counts only if it is not.</summary>
    public bool Detects => _verifier.Detects;

    /// <summary>Whether any pair is still under attack.</summary>
    public bool AnyActive => _active.Count > 0;

    /// <summary>The pairs still under attack, by their place in the problem.</summary>
    public IReadOnlyList<int> Active => _active;

    /// <summary>How many pairs the problem has, finished ones too.</summary>
    public int Count => _books.Length;

    /// <summary>What counts as adversarial.</summary>
    public StorageRule Storage => _settings.Storage;

    /// <summary>Clean probes of the active pairs, [n,3,H,W].</summary>
    public Tensor Clean => _clean;

    /// <summary>Where the attack stands, [n,3,H,W]; the clean probes before the first <see cref="Move"/>.</summary>
    public Tensor Images => _images;

    /// <summary>Goal of a pair, by its place in the problem.</summary>
    public AttackGoal Goal(int pair) => _books[pair].Goal;

    /// <summary>Smallest L2 norm of an adversarial image seen so far, by the pair's place in the problem; infinite if none.</summary>
    public double BestL2(int pair) => _books[pair].L2;

    /// <summary>Passes that a pair has cost so far, by its place in the problem.</summary>
    public (long Forwards, long Backwards) Cost(int pair) => (_books[pair].Forwards, _books[pair].Backwards);

    /// <summary>
    /// The generator of a pair's random draws for one attack; depends on nothing else than the run's seed, the attack and the pair.
    /// </summary>
    public CounterRandom Random(string attack, int pair) => new(_settings.Seed, attack, _pairs[pair]);

    /// <summary>Moves the active pairs to new images and judges them; adversarial ones are recorded and leave the batch.</summary>
    /// <param name="images">[n,3,H,W]; clipped to [0,1] here.</param>
    public void Move(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var judged = Admissible(images);
        var adversarial = Judge(judged, null);
        _images.Dispose();
        _images = judged.DetachFromDisposeScope();
        Retire(adversarial);
    }

    /// <summary>Moves the active pairs to new images without judging them: a place to differentiate at, not a result.</summary>
    /// <param name="images">[n,3,H,W]; clipped to [0,1] here, never rounded.</param>
    public void Place(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.shape[0] != _active.Count)
            throw new ArgumentException($"{images.shape[0]} images for {_active.Count} active pairs", nameof(images));
        using var scope = NewDisposeScope();
        var clipped = images.detach().Clipped();
        _images.Dispose();
        _images = clipped.DetachFromDisposeScope();
    }

    /// <summary>
    /// Begins a second phase with every pair that an adversarial image was found for, finished or not; each stands at its smallest one.
    /// The others leave the batch.
    /// </summary>
    public void ReturnToBest()
    {
        int[] found = [.. Enumerable.Range(0, Count).Where(p => _books[p].Best is not null)];
        ReturnTo(found, p => _books[p].Best!);
    }

    /// <summary>Begins a second phase with pairs of which some may have left the batch; the others leave it.</summary>
    /// <param name="pairs">Their places in the problem, each once.</param>
    /// <param name="image">Where each stands, 3·H·W values in [0,1], by the pair's place in the problem.</param>
    internal void ReturnTo(IReadOnlyList<int> pairs, Func<int, float[]> image)
    {
        using var scope = NewDisposeScope();
        _active = [.. pairs];
        _clean.Dispose();
        _images.Dispose();
        _clean = _probes.index_select(0, tensor(_active.Select(a => (long)a).ToArray(), [_active.Count], ScalarType.Int64))
            .DetachFromDisposeScope();
        var images = empty_like(_clean);
        for (var i = 0; i < _active.Count; i++)
        {
            using var row = images[i];
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(image(_active[i]).AsSpan()).CopyTo(row.bytes);
        }
        _images = images.DetachFromDisposeScope();
    }

    /// <summary>Records why a pair's search failed, by its place in the problem; dropped if it succeeds after all.</summary>
    public void Explain(int pair, string reason) => _books[pair].Reason = reason;

    /// <summary>Judges candidates without moving there; adversarial ones are recorded, no pair leaves the batch.</summary>
    /// <param name="candidates">[m,3,H,W]; clipped to [0,1] here.</param>
    /// <param name="owners">
    /// The place in <see cref="Active"/> that each candidate belongs to; null when there is one for each active pair.
    /// </param>
    /// <returns>Whether each candidate is adversarial.</returns>
    public bool[] Try(Tensor candidates, IReadOnlyList<int>? owners = null)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        using var scope = NewDisposeScope();
        return Judge(Admissible(candidates), owners);
    }

    /// <summary>
    /// The classifier's margin at <see cref="Images"/> (positive while the verifier is right) and its gradient. Pairs whose gradient is
    /// zero or not finite leave the batch as failures with the reason <c>zero-gradient</c>; what is returned holds the others.
    /// </summary>
    /// <returns>float32 [n] and [n,3,H,W], owned by the caller's scope.</returns>
    public (Tensor Margin, Tensor Gradient) MarginAndGradient() => Differentiate(BoundaryFunction.Margin);

    /// <summary>
    /// The cross-entropy of the true class at <see cref="Images"/> and its gradient; otherwise as <see cref="MarginAndGradient"/>.
    /// </summary>
    /// <returns>float32 [n] and [n,3,H,W], owned by the caller's scope.</returns>
    public (Tensor Loss, Tensor Gradient) LossAndGradient() => Differentiate(BoundaryFunction.Loss);

    /// <summary>
    /// As <see cref="MarginAndGradient"/>, but where images may be refused a step along the gradient changes one of the two margins only, that
    /// of the verifier or that of the detector (Bryniarski et al., ICLR 2022).
    /// </summary>
    /// <returns>float32 [n] and [n,3,H,W], owned by the caller's scope.</returns>
    public (Tensor Margin, Tensor Gradient) OrthogonalMarginAndGradient() =>
        Differentiate(BoundaryFunction.Margin, orthogonal: true);

    /// <summary>
    /// The verifier's margin and the detector's at <see cref="Images"/>, each positive while the attacker has not won there, and their
    /// gradients. No pair leaves the batch.
    /// </summary>
    /// <returns>
    /// float32 [n] and [n,3,H,W] of the verifier; the same of the detector, null where no image can be refused; owned by the caller's scope.
    /// </returns>
    public (Tensor Verifier, Tensor VerifierGradient, Tensor? Detector, Tensor? DetectorGradient) MarginsAndGradients()
    {
        using var scope = NewDisposeScope();
        var (sights, ofDistance, ofScore) = LookAndDifferentiate();
        float[] Of(Func<double, bool, double> value) => [.. sights.Select((s, i) => (float)value(s.Distance, IsSame(_books[_active[i]].Goal)))];
        return (
            tensor(Of(_classifier.Margin)).MoveToOuterDisposeScope(),
            (ofDistance * Of(_classifier.MarginSlope).PerImage()).MoveToOuterDisposeScope(),
            ofScore is null ? null : tensor(sights.Select(s => (float)_verifier.Excess(s.Score)).ToArray()).MoveToOuterDisposeScope(),
            ofScore?.MoveToOuterDisposeScope());
    }

    /// <summary>Takes pairs out of the batch: their search is over.</summary>
    /// <param name="finished">One flag for each active pair.</param>
    public void Retire(IReadOnlyList<bool> finished)
    {
        ArgumentNullException.ThrowIfNull(finished);
        if (finished.Count != _active.Count)
            throw new ArgumentException($"{finished.Count} flags for {_active.Count} active pairs", nameof(finished));
        if (!finished.Any(f => f)) return;
        using var scope = NewDisposeScope();
        var clean = _clean.Keep(finished).DetachFromDisposeScope();
        var images = _images.Keep(finished).DetachFromDisposeScope();
        _clean.Dispose();
        _images.Dispose();
        (_clean, _images) = (clean, images);
        _active = [.. _active.Where((_, i) => !finished[i])];
    }

    /// <summary>Judges the clean probes and sets aside the pairs that are wrong already.</summary>
    internal void JudgeClean()
    {
        _clock.Restart();
        using var scope = NewDisposeScope();
        var sights = Look(_clean, null);
        var wrong = new bool[_active.Count];
        for (var i = 0; i < wrong.Length; i++)
        {
            var books = _books[_active[i]];
            books.DistanceBefore = sights[i].Distance;
            wrong[i] = _verifier.Rule.AttackerWins(IsSame(books.Goal), sights[i].Distance, sights[i].Score);
            if (wrong[i]) books.SetAlreadyWrong();
            else if (_settings.KeepLast) books.KeepLast(_clean, i);
        }
        Retire(wrong);
    }

    /// <summary>Ends the attack.</summary>
    internal IReadOnlyList<AttackResult> Finish()
    {
        Account();
        if (AnyActive) Retire([.. Enumerable.Repeat(true, _active.Count)]);
        return [.. _books.Select(b => b.ToResult())];
    }

    private Tensor Admissible(Tensor images)
    {
        var clipped = images.detach().Clipped();
        if (Storage == StorageRule.Float) return clipped.contiguous();
        var rounded = ImageTensors.RoundTo8Bit(clipped).contiguous();
        clipped.Dispose();
        return rounded;
    }

    private bool[] Judge(Tensor images, IReadOnlyList<int>? owners)
    {
        var sights = Look(images, owners);
        var adversarial = new bool[sights.Length];
        for (var i = 0; i < adversarial.Length; i++)
        {
            var position = owners?[i] ?? i;
            var books = _books[_active[position]];
            adversarial[i] = _verifier.Rule.AttackerWins(IsSame(books.Goal), sights[i].Distance, sights[i].Score, unseen: true);
            if (adversarial[i]) books.Offer(_clean, position, images, i, sights[i].Distance);
            else if (_settings.KeepLast && books.Best is null) books.KeepLast(images, i);
        }
        return adversarial;
    }

    private Sight[] Look(Tensor images, IReadOnlyList<int>? owners)
    {
        _cancellation.ThrowIfCancellationRequested();
        var count = (int)images.shape[0];
        if (owners is null ? count != _active.Count : count != owners.Count)
            throw new ArgumentException($"{count} images for {owners?.Count ?? _active.Count} places", nameof(images));
        int[] pairs = owners is null ? [.. _active] : [.. owners.Select(o => _active[o])];
        var sights = _verifier.Look(images, pairs);
        for (var i = 0; i < count; i++)
        {
            _books[pairs[i]].Forwards += _verifier.Samples;
            _books[pairs[i]].NearThreshold |=
                _classifier.IsNear(sights[i].Distance) || Math.Abs(_verifier.Excess(sights[i].Score)) <= PairClassifier.NearThreshold;
        }
        Account();
        _forwarded?.Invoke(count * _verifier.Samples);
        return sights;
    }

    /// <inheritdoc cref="Boundaries.Furthest"/>
    private (Tensor Value, Tensor Gradient) Differentiate(BoundaryFunction function, bool orthogonal = false)
    {
        using var scope = NewDisposeScope();
        var (sights, ofDistance, ofScore) = LookAndDifferentiate();
        var count = sights.Length;
        var (values, gradient) = new Boundaries(
            _classifier, [.. sights.Select(s => s.Distance)], [.. sights.Select(s => _verifier.Excess(s.Score))],
            [.. _active.Select(p => IsSame(_books[p].Goal))]).Furthest(function, ofDistance, ofScore, orthogonal);
        var norms = gradient.Norms();
        var unusable = norms.Select(n => !(n > 0) || !float.IsFinite(n)).ToArray();
        var result = tensor(values);
        if (Array.Exists(unusable, u => u))
        {
            for (var i = 0; i < count; i++)
                if (unusable[i]) Explain(_active[i], FailureReasons.ZeroGradient);
            (result, gradient) = (result.Keep(unusable), gradient.Keep(unusable));
            Retire(unusable);
        }
        return (result.MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope());
    }

    private (Sight[] Sights, Tensor OfDistance, Tensor? OfScore) LookAndDifferentiate()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (!IsDifferentiable) throw new InputException("this model cannot be differentiated; choose attacks that need no gradient");
        var seen = _verifier.Differentiate(_images, _active, pair => _books[pair].Backwards);
        foreach (var pair in _active) _books[pair].Backwards += _verifier.BackwardsPerGradient;
        Account();
        _forwarded?.Invoke(_active.Count * _verifier.BackwardsPerGradient);
        return seen;
    }

    /// <summary>Shares the time since the last call among the active pairs.</summary>
    private void Account()
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        _clock.Restart();
        foreach (var pair in _active) _books[pair].Seconds += seconds / _active.Count;
    }

    private static bool IsSame(AttackGoal goal) => goal == AttackGoal.Anonymize;

    /// <inheritdoc/>
    public void Dispose()
    {
        _probes.Dispose();
        _verifier.Dispose();
        _clean.Dispose();
        _images.Dispose();
    }
}
