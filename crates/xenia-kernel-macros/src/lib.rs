//! `#[exports(library)]`: turns an `impl` block of guest-callable functions into rows of the export
//! table.
//!
//! Inside the block each function tagged `#[export(Done|Constant|Partial|Stub)]` becomes one row.
//! The ordinal is looked up by name (`xenia_imports::ordinals::LIBRARY::number::NAME`, so a
//! misspelled name does not compile). Parameters after the first are read from the guest's
//! registers and stack through `crate::abi::FromGuest`, and the result is returned through
//! `crate::abi::IntoFlow`. A second function of the row shows the arguments of a call by the same
//! types (`crate::abi::Show`), for the event log and traces. The result type is checked at compile
//! time against the result kind in the row of the ordinal table (`crate::abi::ReturnKinds`).
//! Functions without the tag are left unchanged.
//!
//! A function that implements several exports has a tag `#[export(STATUS, NAME, ARGUMENT, …)]` for
//! each, after the doc comment of that export. The arguments of a tag precede those of the guest.
//!
//! The generated code uses paths of xenia-exports (`crate::abi`), the only user of this crate, and
//! of xenia-imports.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Lit, Meta, Pat, Token,
    parse_macro_input,
};

/// Generates the export table of an `impl` block; see the crate documentation. The argument is the
/// library: `xboxkrnl` or `xam`.
#[proc_macro_attribute]
pub fn exports(library: TokenStream, item: TokenStream) -> TokenStream {
    let library = parse_macro_input!(library as Ident);
    let mut block = parse_macro_input!(item as ItemImpl);
    match expand(&library, &mut block) {
        Ok(()) => quote!(#block).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

/// Adds the `EXPORTS` table to the block.
fn expand(library: &Ident, block: &mut ItemImpl) -> Result<(), Error> {
    let this = block.self_ty.clone();
    let mut rows = Vec::new();
    for member in &mut block.items {
        let ImplItem::Fn(function) = member else { continue };
        let tags = take_tags(function)?;
        for tag in &tags {
            rows.push(row(library, &this, function, tag)?);
        }
        if !tags.is_empty() {
            function.attrs.push(syn::parse_quote!(#[allow(non_snake_case, clippy::too_many_arguments, clippy::unnecessary_wraps)]));
        }
    }
    block.items.push(syn::parse_quote! {
        /// One row per export of this block.
        pub const EXPORTS: &'static [crate::imports::Export] = &[#(#rows),*];
    });
    Ok(())
}

/// A tag of a function: one export.
struct Tag {
    status: Ident,
    /// The export's name; by default the function's.
    name: Option<Ident>,
    /// Arguments of the function that the guest does not pass.
    given: Vec<Expr>,
    /// The doc comment before the tag.
    doc: String,
}

impl Parse for Tag {
    fn parse(input: ParseStream) -> Result<Self, Error> {
        let mut tag = Self { status: input.parse()?, name: None, given: Vec::new(), doc: String::new() };
        if input.is_empty() {
            return Ok(tag);
        }
        input.parse::<Token![,]>()?;
        tag.name = Some(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
            tag.given = Punctuated::<Expr, Token![,]>::parse_terminated(input)?.into_iter().collect();
        }
        Ok(tag)
    }
}

/// Removes the tags from a function.
fn take_tags(function: &mut ImplItemFn) -> Result<Vec<Tag>, Error> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut documented = 0;
    for attribute in std::mem::take(&mut function.attrs) {
        if !attribute.path().is_ident("export") {
            function.attrs.push(attribute);
            continue;
        }
        let mut tag: Tag = attribute.parse_args()?;
        tag.doc = documentation(&function.attrs[documented..]);
        documented = function.attrs.len();
        // A missing argument would be read from the guest.
        if tags.first().is_some_and(|first| first.given.len() != tag.given.len()) {
            let reason = "the exports of a function give it equally many arguments";
            return Err(Error::new(attribute.span(), reason));
        }
        tags.push(tag);
    }
    // It would be in no row of the documentation.
    if !tags.is_empty() && !documentation(&function.attrs[documented..]).is_empty() {
        let reason = "the doc comment of an export precedes its tag";
        return Err(Error::new(function.sig.ident.span(), reason));
    }
    Ok(tags)
}

/// Generates the table row of one export.
fn row(library: &Ident, this: &syn::Type, function: &ImplItemFn, tag: &Tag) -> Result<TokenStream2, Error> {
    let Tag { status, name, given, doc } = tag;
    let called = &function.sig.ident;
    let name = name.as_ref().unwrap_or(called);
    let text = name.to_string();
    if doc.is_empty() {
        let reason = "an export needs a doc comment: it becomes its row in the documentation";
        return Err(Error::new(name.span(), reason));
    }
    if function.sig.inputs.len() <= given.len() {
        let reason = "an export's first parameters are `call: &mut Call` and the arguments of its tag";
        return Err(Error::new(name.span(), reason));
    }
    let ExportParameters { labels, names, types } = ExportParameters::of(function, given.len())?;
    let result: syn::Type = match &function.sig.output {
        syn::ReturnType::Default => syn::parse_quote!(()),
        syn::ReturnType::Type(_, result) => (**result).clone(),
    };
    let decoded = quote! {
        #[allow(unused_mut, unused_variables)] // of exports without parameters
        let mut arguments = crate::abi::Arguments::new(call);
        #(let #names = <#types as crate::abi::FromGuest>::from_guest(&mut arguments);)*
    };
    let disagreement = format!("{text}: its row in the ordinal table has another kind of result");
    Ok(quote! {
        crate::imports::Export {
            library: xenia_imports::Library::#library,
            name: {
                const _: () = assert!(
                    xenia_imports::ordinals::#library::returns::#name
                        .is_among(<#result as crate::abi::ReturnKinds>::KINDS),
                    #disagreement
                );
                #text
            },
            ordinal: xenia_imports::ordinals::#library::number::#name,
            status: xenia_imports::Status::#status,
            doc: #doc,
            parameters: &[#(#labels),*],
            shim: |call: &mut crate::abi::Call| {
                #decoded
                if let Some(fault) = arguments.fault() {
                    return crate::abi::Flow::Fault(fault);
                }
                crate::abi::IntoFlow::into_flow(<#this>::#called(call, #(#given,)* #(#names),*))
            },
            describe: |call: &mut crate::abi::Call| {
                #decoded
                match arguments.fault() {
                    Some(_) => None,
                    None => Some(crate::abi::ShownArguments::of(
                        call.memory(),
                        &[#((#labels, &#names as &dyn crate::abi::Show)),*],
                    )),
                }
            },
        }
    })
}

/// Parameters of an export that the guest passes.
#[derive(Default)]
struct ExportParameters {
    /// Names in traces and tables.
    labels: Vec<String>,
    /// Variables of the generated code.
    names: Vec<Ident>,
    types: Vec<syn::Type>,
}

impl ExportParameters {
    /// Lists the parameters after the call and the `given` ones.
    fn of(function: &ImplItemFn, given: usize) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for argument in function.sig.inputs.iter().skip(1 + given) {
            let FnArg::Typed(argument) = argument else {
                return Err(Error::new(argument.span(), "an export has no self"));
            };
            let Pat::Ident(pattern) = &*argument.pat else {
                return Err(Error::new(argument.pat.span(), "an export's parameters are plain names"));
            };
            parameters.labels.push(pattern.ident.to_string().trim_start_matches('_').to_owned());
            parameters.names.push(quote::format_ident!("argument_{}", parameters.names.len()));
            parameters.types.push((*argument.ty).clone());
        }
        Ok(parameters)
    }
}

/// Joins the doc comment lines.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn each_tag_has_its_doc_comment_name_and_arguments() {
        let mut function: ImplItemFn = parse_quote! {
            /// Begins a SHA-1 hash.
            #[export(Done, XeCryptShaInit, Algorithm::Sha1)]
            /// Begins an MD5 hash,
            /// in part.
            #[export(Partial, XeCryptMd5Init, Algorithm::Md5,)]
            fn begin(call: &mut Call, algorithm: Algorithm, _state: Ptr<()>) {}
        };
        let tags = take_tags(&mut function).unwrap();
        let docs: Vec<_> = tags.iter().map(|tag| tag.doc.as_str()).collect();
        assert_eq!(docs, ["Begins a SHA-1 hash.", "Begins an MD5 hash,\nin part."]);
        let names: Vec<_> =
            tags.iter().filter_map(|tag| tag.name.as_ref()).map(ToString::to_string).collect();
        assert_eq!(names, ["XeCryptShaInit", "XeCryptMd5Init"]);
        assert!(tags.iter().all(|tag| tag.given.len() == 1));
        assert!(function.attrs.iter().all(|attribute| attribute.path().is_ident("doc")));
        assert_eq!(ExportParameters::of(&function, 1).unwrap().labels, ["state"]);
    }

    #[test]
    fn a_missing_argument_is_an_error() {
        let mut function: ImplItemFn = parse_quote! {
            #[export(Done, KeEnterCriticalRegion, -1)]
            #[export(Done, KeLeaveCriticalRegion)]
            fn change(call: &mut Call, by: i32) {}
        };
        let error = take_tags(&mut function).err().unwrap();
        assert_eq!(error.to_string(), "the exports of a function give it equally many arguments");
    }

    #[test]
    fn a_doc_comment_after_the_last_tag_is_an_error() {
        let mut function: ImplItemFn = parse_quote! {
            /// Enters a critical region.
            #[export(Done)]
            /// Normal APCs wait.
            fn KeEnterCriticalRegion(call: &mut Call) {}
        };
        let error = take_tags(&mut function).err().unwrap();
        assert_eq!(error.to_string(), "the doc comment of an export precedes its tag");
    }
}
