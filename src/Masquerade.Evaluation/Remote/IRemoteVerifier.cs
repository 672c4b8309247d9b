namespace Masquerade.Evaluation.Remote;

/// <summary>A face verifier behind an API: it is shown two photographs and says how sure it is that they show the same person.</summary>
/// <remarks>An implementation speaks one service's protocol and no more; <see cref="RemoteSession"/> keeps the books around it.</remarks>
public interface IRemoteVerifier
{
    /// <summary>What it is called in options, results and messages, such as "rekognition".</summary>
    string Name { get; }

    /// <summary>
    /// Everything that its answers depend on, and no secret: service, place, versions of models. Answers are kept under it, so that those
    /// of another setting are not taken for its own.
    /// </summary>
    string Identity => Name;

    /// <summary>Where photographs go, as a person would say it, with the address.</summary>
    string Destination => Name;

    /// <summary>Confidence, in [0,1], from which the service itself says "the same person" unless told otherwise.</summary>
    double Threshold => 0.5;

    /// <summary>Calls that comparing two images takes, besides those of <see cref="CallsPerImage"/>.</summary>
    int CallsPerPair { get; }

    /// <summary>Calls that an image takes once, however many pairs it is in.</summary>
    int CallsPerImage => 0;

    /// <summary>Calls made so far that the service may charge for.</summary>
    long Calls => 0;

    /// <summary>Asks the service about two images.</summary>
    /// <param name="probe">The image that may be adversarial.</param>
    /// <param name="reference">The image that it is compared with.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">
    /// The service refuses the key, or answers what cannot be understood: asking again does not help.
    /// </exception>
    /// <exception cref="RemoteUnansweredException">It did not answer this time, however often it was asked.</exception>
    Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation);
}
