using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>
/// Edits that can be undone to the character: an element goes in together with the white space in front of it, and comes out with it. A container that was made
/// here goes when it becomes empty; one that was there stays.
/// </summary>
internal static class DocumentEdit
{
    /// <summary>Puts an element behind the last child element, in the parent's own layout.</summary>
    internal static void Append(XElement parent, XElement child)
    {
        XElement? last = parent.Elements().LastOrDefault();
        string? space = last is null ? InnerSpace(parent) : SpaceBefore(last);
        string unit = Unit(parent, space);
        Indent(child, space, unit);
        object[] content = space is null ? [child] : [new XText(space), child];
        if (last is not null)
        {
            last.AddAfterSelf(content);
            return;
        }

        bool wasEmpty = !parent.Nodes().Any();
        parent.AddFirst(content);
        if (wasEmpty && space is not null)
        {
            var closing = new XText(SpaceBefore(parent) ?? "\n");
            closing.AddAnnotation(MadeHere.Mark);
            parent.Add(closing);
        }
    }

    /// <summary>Takes an element out, with the white space in front of it, and a container of ours that it leaves empty.</summary>
    internal static void Remove(XElement element)
    {
        if (element.PreviousNode is XText text && IsSpace(text))
        {
            text.Remove();
        }

        XElement? parent = element.Parent;
        element.Remove();
        if (parent is null || parent.HasElements)
        {
            return;
        }

        parent.Nodes().OfType<XText>().Where(IsMadeHere).Remove();
        if (IsMadeHere(parent) && !parent.Nodes().Any())
        {
            Remove(parent);
        }
    }

    /// <summary>Puts an element in another one's place, in that one's layout.</summary>
    internal static void Replace(XElement element, XElement replacement)
    {
        string? space = SpaceBefore(element);
        Indent(replacement, space, element.Parent is { } parent ? Unit(parent, space) : "  ");
        element.ReplaceWith(replacement);
    }

    /// <summary>The first child of a name; made, and marked as made here, when there is none.</summary>
    internal static XElement Container(XElement parent, XName name, Func<XElement>? make = null)
    {
        if (parent.Element(name) is { } present)
        {
            return present;
        }

        XElement made = make?.Invoke() ?? new XElement(name);
        made.AddAnnotation(MadeHere.Mark);
        Append(parent, made);
        return made;
    }

    /// <summary>A child of a name with an attribute; <see langword="null"/> removes the attribute, and the child when nothing is left in it.</summary>
    internal static void SetChildAttribute(XElement parent, XName child, XName attribute, string? value)
    {
        XElement? present = parent.Element(child);
        if (value is null)
        {
            if (present?.Attribute(attribute) is not { } unwanted)
            {
                return;
            }

            unwanted.Remove();
            if (!present.HasAttributes && !present.HasElements)
            {
                Remove(present);
            }
        }
        else if (present is null)
        {
            Append(parent, new XElement(child, new XAttribute(attribute, value)));
        }
        else if (present.Attribute(attribute)?.Value != value)
        {
            present.SetAttributeValue(attribute, value);
        }
    }

    /// <summary>A deep copy's annotations (lines, and what was made here), which System.Xml.Linq leaves behind.</summary>
    internal static void CopyAnnotations(XDocument from, XDocument to)
    {
        foreach ((XNode source, XNode target) in from.DescendantNodes().Zip(to.DescendantNodes()))
        {
            Copy(source, target);
            if (source is XElement sourceElement && target is XElement targetElement)
            {
                foreach ((XAttribute first, XAttribute second) in sourceElement.Attributes().Zip(targetElement.Attributes()))
                {
                    Copy(first, second);
                }
            }
        }

        static void Copy(XObject source, XObject target)
        {
            foreach (object annotation in source.Annotations<object>())
            {
                target.AddAnnotation(annotation);
            }
        }
    }

    private static bool IsMadeHere(XObject node) => node.Annotation<MadeHere>() is not null;

    // A CDATA section is text that somebody wrote on purpose.
    private static bool IsSpace(XText text) => text is not XCData && text.Value.AsSpan().Trim(" \t\r\n").IsEmpty;

    /// <summary>The line break and indentation in front of an element (without blank lines before it); other white space as it is; <see langword="null"/> without any.</summary>
    private static string? SpaceBefore(XElement element)
    {
        if (element.PreviousNode is not XText text || !IsSpace(text))
        {
            return null;
        }

        string space = text.Value.Replace("\r", "", StringComparison.Ordinal);
        int line = space.LastIndexOf('\n');
        space = line < 0 ? space : space[line..];
        return space.Length == 0 ? null : space;
    }

    /// <summary>The space in front of a first child: one level deeper than the parent, which shows its own level only when it is on a line of its own.</summary>
    private static string? InnerSpace(XElement parent)
        => SpaceBefore(parent) is { } outer && outer[0] == '\n' ? outer + (parent.Parent is { } grandParent ? Unit(grandParent, outer) : "  ") : null;

    /// <summary>One level of indentation, judged from an element's children and the element itself.</summary>
    private static string Unit(XElement parent, string? childSpace)
    {
        string outer = SpaceBefore(parent) ?? "\n";
        return childSpace is null || childSpace.Length <= outer.Length || !childSpace.StartsWith(outer, StringComparison.Ordinal)
            ? (childSpace?.Contains('\t', StringComparison.Ordinal) == true ? "\t" : "  ")
            : childSpace[outer.Length..];
    }

    /// <summary>Lays out a new element's children, when its place is on a line of its own.</summary>
    private static void Indent(XElement element, string? space, string unit)
    {
        if (space is null || space[0] != '\n' || !element.HasElements || element.Nodes().OfType<XText>().Any())
        {
            return;
        }

        string inner = space + unit;
        foreach (XElement child in element.Elements().ToList())
        {
            Indent(child, inner, unit);
            child.AddBeforeSelf(new XText(inner));
        }

        element.Add(new XText(space));
    }

    /// <summary>Marks containers and white space that were not in the document as it was read.</summary>
    private sealed class MadeHere
    {
        internal static readonly MadeHere Mark = new();
    }
}
