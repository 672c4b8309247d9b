using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Masquerade.Testing;

/// <summary>Which namespaces of the project an assembly's namespaces use, read from its metadata and its code.</summary>
internal sealed class NamespaceReferences
{
    private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes)
        .GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => (ushort)o.Value, o => o.OperandType);

    private readonly MetadataReader _metadata;
    private readonly Dictionary<(string From, string To), string> _uses = [];
    private readonly string _from = "";
    private readonly string _type = "";

    public NamespaceReferences(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        _metadata = file.GetMetadataReader();
        foreach (var handle in _metadata.TypeDefinitions)
        {
            var type = _metadata.GetTypeDefinition(handle);
            _from = Namespace(handle);
            _type = _metadata.GetString(type.Name);
            if (_from.Length == 0) continue;
            Use(type.BaseType);
            foreach (var contract in type.GetInterfaceImplementations()) Use(_metadata.GetInterfaceImplementation(contract).Interface);
            foreach (var field in type.GetFields()) _metadata.GetFieldDefinition(field).DecodeSignature(new Collector(this), null);
            foreach (var method in type.GetMethods()) Read(_metadata.GetMethodDefinition(method), file);
        }
    }

    /// <summary>Every use of one namespace by another, with a type that uses it.</summary>
    public IReadOnlyDictionary<(string From, string To), string> Uses => _uses;

    private void Read(MethodDefinition method, PEReader file)
    {
        method.DecodeSignature(new Collector(this), null);
        if (method.RelativeVirtualAddress == 0) return;
        var body = file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil) _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(new Collector(this), null);
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            ushort operation = code.ReadByte();
            if (operation == 0xFE) operation = (ushort)(0xFE00 | code.ReadByte());
            switch (Operands[operation])
            {
                case OperandType.InlineNone: break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar: code.ReadByte(); break;
                case OperandType.InlineVar: code.ReadInt16(); break;
                case OperandType.InlineI8 or OperandType.InlineR: code.ReadInt64(); break;
                case OperandType.InlineSwitch:
                    var branches = code.ReadInt32();
                    code.Offset += sizeof(int) * branches;
                    break;
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    Use(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                default: code.ReadInt32(); break;
            }
        }
    }

    private void Use(EntityHandle handle)
    {
        if (handle.IsNil) return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition: Use(Namespace((TypeDefinitionHandle)handle)); break;
            case HandleKind.TypeReference: Use(Namespace((TypeReferenceHandle)handle)); break;
            case HandleKind.TypeSpecification: _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(new Collector(this), null); break;
            case HandleKind.MethodDefinition: Use(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType()); break;
            case HandleKind.FieldDefinition: Use(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType()); break;
            case HandleKind.MemberReference: Use(_metadata.GetMemberReference((MemberReferenceHandle)handle).Parent); break;
            case HandleKind.MethodSpecification:
                var method = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                method.DecodeSignature(new Collector(this), null);
                Use(method.Method);
                break;
        }
    }

    private void Use(string used)
    {
        if (used != _from && used.StartsWith("Masquerade", StringComparison.Ordinal)) _uses.TryAdd((_from, used), _type);
    }

    private string Namespace(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Namespace(outer) : _metadata.GetString(type.Namespace);
    }

    private string Namespace(TypeReferenceHandle handle)
    {
        var type = _metadata.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? Namespace((TypeReferenceHandle)type.ResolutionScope) : _metadata.GetString(type.Namespace);
    }

    /// <summary>Takes note of every type in a signature.</summary>
    private sealed class Collector(NamespaceReferences owner) : ISignatureTypeProvider<int, object?>
    {
        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind)
        {
            owner.Use(owner.Namespace(handle));
            return 0;
        }

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind)
        {
            owner.Use(owner.Namespace(handle));
            return 0;
        }

        public int GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public int GetPrimitiveType(PrimitiveTypeCode code) => 0;

        public int GetSZArrayType(int element) => 0;

        public int GetArrayType(int element, ArrayShape shape) => 0;

        public int GetByReferenceType(int element) => 0;

        public int GetPointerType(int element) => 0;

        public int GetPinnedType(int element) => 0;

        public int GetModifiedType(int modifier, int type, bool required) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int type, ImmutableArray<int> arguments) => 0;

        public int GetGenericMethodParameter(object? context, int index) => 0;

        public int GetGenericTypeParameter(object? context, int index) => 0;
    }
}
