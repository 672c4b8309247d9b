namespace Masquerade.Models;

/// <summary>A place that has models by name, besides those that ship with a program.</summary>
public interface INamedModelSource
{
    /// <summary>The names of the models that it may have.</summary>
    IEnumerable<string> ModelNames { get; }

    /// <summary>The path of a model's descriptor; null where it knows no such model.</summary>
    /// <exception cref="InputException">It knows the model, which is not here; the message says how to get it.</exception>
    string? FindModel(string name);
}
