using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Masquerade.Testing;

/// <summary>What an assembly calls, read from its code: methods as <c>Namespace.Type/Nested::Name(Parameter,Parameter)</c>.</summary>
internal sealed class AssemblyCalls
{
    private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => (ushort)o.Value, o => o.OperandType);

    private readonly MetadataReader _metadata;
    private readonly TypeNames _names = new();

    public AssemblyCalls(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        _metadata = file.GetMetadataReader();
        foreach (var handle in _metadata.MethodDefinitions)
        {
            var address = _metadata.GetMethodDefinition(handle).RelativeVirtualAddress;
            Calls.TryAdd(Name(handle), address == 0 ? [] : Read(file.GetMethodBody(address).GetILReader()));
        }
        foreach (var handle in _metadata.TypeDefinitions)
        {
            var parent = _metadata.GetTypeDefinition(handle).BaseType;
            if (!parent.IsNil) Bases.TryAdd(Name(handle), Name(parent));
        }
        Types = [.. _metadata.TypeReferences.Select(t => Name(t))];
    }

    /// <summary>Every method of the assembly, and what it calls.</summary>
    public Dictionary<string, HashSet<string>> Calls { get; } = [];

    /// <summary>What each type of the assembly derives from.</summary>
    public Dictionary<string, string> Bases { get; } = [];

    /// <summary>Types of other assemblies that it names.</summary>
    public IReadOnlyList<string> Types { get; }

    private HashSet<string> Read(BlobReader code)
    {
        var calls = new HashSet<string>();
        while (code.RemainingBytes > 0)
        {
            ushort operation = code.ReadByte();
            if (operation == 0xFE) operation = (ushort)(0xFE00 | code.ReadByte());
            switch (Operands[operation])
            {
                case OperandType.InlineMethod:
                    calls.Add(Name(MetadataTokens.EntityHandle(code.ReadInt32())));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.ReadByte();
                    break;
                case OperandType.InlineVar:
                    code.ReadInt16();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.ReadInt64();
                    break;
                case OperandType.InlineSwitch:
                    var branches = code.ReadInt32();
                    code.Offset += sizeof(int) * branches;
                    break;
                default:
                    code.ReadInt32();
                    break;
            }
        }
        return calls;
    }

    private string Name(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodDefinition:
                var method = _metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return Name(method.GetDeclaringType(), method.Name, method.DecodeSignature(_names, null));
            case HandleKind.MemberReference:
                var member = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                return Name(member.Parent, member.Name, member.DecodeMethodSignature(_names, null));
            case HandleKind.MethodSpecification:
                return Name(_metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.TypeDefinition:
                return _names.GetTypeFromDefinition(_metadata, (TypeDefinitionHandle)handle, 0);
            case HandleKind.TypeReference:
                return _names.GetTypeFromReference(_metadata, (TypeReferenceHandle)handle, 0);
            default:
                return _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, null);
        }
    }

    private string Name(EntityHandle type, StringHandle name, MethodSignature<string> signature) =>
        $"{Name(type)}::{_metadata.GetString(name)}({string.Join(',', signature.ParameterTypes)})";

    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind)
        {
            var type = reader.GetTypeDefinition(handle);
            var outer = type.GetDeclaringType();
            return outer.IsNil
                ? Full(reader, type.Namespace, type.Name)
                : $"{GetTypeFromDefinition(reader, outer, 0)}/{reader.GetString(type.Name)}";
        }

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind)
        {
            var type = reader.GetTypeReference(handle);
            return type.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}/{reader.GetString(type.Name)}"
                : Full(reader, type.Namespace, type.Name);
        }

        public string GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public string GetPrimitiveType(PrimitiveTypeCode code) => code.ToString();

        public string GetSZArrayType(string element) => $"{element}[]";

        public string GetArrayType(string element, ArrayShape shape) => $"{element}[{new string(',', shape.Rank - 1)}]";

        public string GetByReferenceType(string element) => $"{element}&";

        public string GetPointerType(string element) => $"{element}*";

        public string GetPinnedType(string element) => element;

        public string GetModifiedType(string modifier, string type, bool required) => type;

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericInstantiation(string type, ImmutableArray<string> arguments) => $"{type}<{string.Join(',', arguments)}>";

        public string GetGenericMethodParameter(object? context, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? context, int index) => $"!{index}";

        private static string Full(MetadataReader reader, StringHandle space, StringHandle name) =>
            space.IsNil ? reader.GetString(name) : $"{reader.GetString(space)}.{reader.GetString(name)}";
    }
}
