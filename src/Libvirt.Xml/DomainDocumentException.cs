namespace Libvirt.Xml;

/// <summary>A text is not a domain document, or a part of it can't be read.</summary>
public sealed class DomainDocumentException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong with the text.</param>
    /// <param name="inner">The reader's own exception.</param>
    /// <param name="line">The line, counted from 1; 0 when there is none.</param>
    /// <param name="column">The column, counted from 1; 0 when there is none.</param>
    /// <param name="path">The element or attribute, such as <c>/domain/memory/@unit</c>.</param>
    public DomainDocumentException(string message, Exception? inner = null, int line = 0, int column = 0, string? path = null)
        : base(message, inner)
    {
        Line = line;
        Column = column;
        Path = path;
    }

    /// <summary>The line, counted from 1; 0 when the fault has no place.</summary>
    public int Line { get; }

    /// <summary>The column, counted from 1; 0 when the fault has no place.</summary>
    public int Column { get; }

    /// <summary>The element or attribute whose value it is, such as <c>/domain/memory/@unit</c>; <see langword="null"/> when the text is no XML at all.</summary>
    public string? Path { get; }
}
