namespace Masquerade;

/// <summary>
/// Bad input: a missing, damaged, hostile or mismatched file, or a setting that cannot be. The message is one line that names the file,
/// line or pair and says what to do; the command line prints it as it is and exits with code 2.
/// </summary>
public sealed class InputException : Exception
{
    /// <param name="message">One line, for the user.</param>
    public InputException(string message) : base(message) { }

    /// <param name="message">One line, for the user.</param>
    /// <param name="inner">What was caught, for a debugger.</param>
    public InputException(string message, Exception inner) : base(message, inner) { }

    /// <summary>An input error without a message of its own.</summary>
    public InputException() { }
}
